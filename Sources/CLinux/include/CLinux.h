// What Swift's Glibc module lacks of Linux: functions that glibc hides behind _GNU_SOURCE (which cannot be relied on
// when clang builds a module), system calls that glibc 2.31 to 2.36 has no wrapper for, macros that are not plain
// integers, and headers that the module leaves out. Nothing here decides anything.
//
// Everything carries the prefix clinux_ or CLINUX_, so that a later Glibc module that does export these names never
// makes one of them ambiguous. Unless it says otherwise a function returns -1 and sets errno when it fails.
// The numbers below are held against the kernel's own headers when CLinux.c is compiled.

#ifndef CLINUX_H
#define CLINUX_H

#include <sys/statfs.h>
#include <sys/types.h>
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>

#pragma clang assume_nonnull begin

// MARK: Namespaces and processes

// For clinux_unshare and clinux_setns. <sched.h> shows them with _GNU_SOURCE only.
static const int32_t CLINUX_CLONE_NEWNS = 0x00020000;
static const int32_t CLINUX_CLONE_NEWCGROUP = 0x02000000;
static const int32_t CLINUX_CLONE_NEWUTS = 0x04000000;
static const int32_t CLINUX_CLONE_NEWIPC = 0x08000000;
static const int32_t CLINUX_CLONE_NEWUSER = 0x10000000;
static const int32_t CLINUX_CLONE_NEWPID = 0x20000000;
static const int32_t CLINUX_CLONE_NEWNET = 0x40000000;

/// unshare(2). Hidden behind _GNU_SOURCE.
int clinux_unshare(int flags);

/// setns(2). Hidden behind _GNU_SOURCE.
int clinux_setns(int descriptor, int kind);

/// pivot_root(2). glibc has no wrapper.
int clinux_pivot_root(const char *newRoot, const char *putOld);

/// prctl(PR_SET_PDEATHSIG): this signal is sent to the caller when the thread that started it ends; 0 for none.
/// prctl is variadic, which Swift does not import.
int clinux_set_parent_death_signal(int signal);

/// prctl(PR_SET_CHILD_SUBREAPER): orphaned descendants become the caller's children. prctl is variadic.
int clinux_set_child_subreaper(int enabled);

/// prctl(PR_SET_NO_NEW_PRIVS). prctl is variadic.
int clinux_set_no_new_privileges(void);

/// seccomp(2): from here on fsync, fdatasync, sync, syncfs and sync_file_range of this process and of all that it starts
/// do nothing and succeed. EACCES without CAP_SYS_ADMIN; EINVAL where the kernel has no filters.
/// A filter is a program for the kernel, put together by macros.
int clinux_ignore_synchronization(void);

/// pipe2(2): ends[0] reads what ends[1] writes. Hidden behind _GNU_SOURCE; with pipe and fcntl another thread's fork
/// could come between the two.
int clinux_pipe2(int ends[_Nonnull 2], int flags);

/// personality(2), for `uname -m` as a 32-bit guest expects it. The Glibc module leaves <sys/personality.h> out.
int clinux_personality(unsigned long persona);
static const unsigned long CLINUX_PER_LINUX = 0x0000;
static const unsigned long CLINUX_PER_LINUX32 = 0x0008;

/// pidfd_open(2). glibc has a wrapper from 2.36 on only.
int clinux_pidfd_open(pid_t process, unsigned int flags);

/// pidfd_send_signal(2), without siginfo. glibc has a wrapper from 2.36 on only.
int clinux_pidfd_send_signal(int descriptor, int signal);

/// signalfd(2). The Glibc module leaves <sys/signalfd.h> out.
/// A new one: descriptor -1. Flags: SFD_CLOEXEC and SFD_NONBLOCK are O_CLOEXEC and O_NONBLOCK.
int clinux_signalfd(int descriptor, const sigset_t *signals, int flags);

/// Reads one pending signal from a signalfd: its number, or -1 with errno (EAGAIN when there is none).
/// struct signalfd_siginfo is in <sys/signalfd.h>, which the Glibc module leaves out.
int clinux_signalfd_read(int descriptor);

/// The variable `environ`: Swift 6 refuses it as shared mutable state. Ends with a null pointer.
/// Only while nothing calls setenv.
char *_Nullable *_Nonnull clinux_environment(void);

// MARK: Mounts

// For clinux_mount_setattr, clinux_open_tree, clinux_move_mount and clinux_fsmount; <sys/mount.h> has them from
// glibc 2.36 on, with _GNU_SOURCE.
static const uint64_t CLINUX_MOUNT_ATTR_RDONLY = 0x00000001;
static const uint64_t CLINUX_MOUNT_ATTR_NOSUID = 0x00000002;
static const uint64_t CLINUX_MOUNT_ATTR_NODEV = 0x00000004;
static const uint64_t CLINUX_MOUNT_ATTR_NOEXEC = 0x00000008;
static const uint64_t CLINUX_MOUNT_ATTR_NOATIME = 0x00000010;
static const uint32_t CLINUX_OPEN_TREE_CLONE = 1;
static const uint32_t CLINUX_OPEN_TREE_CLOEXEC = 02000000;
static const uint32_t CLINUX_MOVE_MOUNT_F_EMPTY_PATH = 0x00000004;
static const uint32_t CLINUX_MOVE_MOUNT_T_EMPTY_PATH = 0x00000040;
static const uint32_t CLINUX_FSOPEN_CLOEXEC = 0x00000001;
static const uint32_t CLINUX_FSMOUNT_CLOEXEC = 0x00000001;

// For every function here that takes a directory descriptor and a path. Hidden behind _GNU_SOURCE.
static const int32_t CLINUX_AT_EMPTY_PATH = 0x1000;
static const int32_t CLINUX_AT_RECURSIVE = 0x8000;
static const int32_t CLINUX_AT_NO_AUTOMOUNT = 0x800;

/// mount_setattr(2), Linux 5.12: the attributes (CLINUX_MOUNT_ATTR_*) to set and to clear, and a propagation type
/// (MS_PRIVATE and its like, 0 to leave it). struct mount_attr comes with glibc 2.36 only; ENOSYS on older kernels.
int clinux_mount_setattr(
    int directory, const char *path, int flags, uint64_t set, uint64_t clear, uint64_t propagation);

/// open_tree(2), Linux 5.2: with CLINUX_OPEN_TREE_CLONE a copy of the mount at the path, not attached to anything.
int clinux_open_tree(int directory, const char *path, uint32_t flags);

/// move_mount(2), Linux 5.2: attaches a mount. The same function with empty paths attaches descriptor to descriptor,
/// without resolving any name.
int clinux_move_mount(
    int fromDirectory, const char *fromPath, int toDirectory, const char *toPath, uint32_t flags);

/// fsopen(2), Linux 5.2: begins a new file system of this type.
int clinux_fsopen(const char *type, uint32_t flags);

/// fsconfig(2) with FSCONFIG_SET_STRING: one mount option with a value.
int clinux_fsconfig_string(int filesystem, const char *key, const char *value);

/// fsconfig(2) with FSCONFIG_SET_FLAG: one mount option without a value.
int clinux_fsconfig_flag(int filesystem, const char *key);

/// fsconfig(2) with FSCONFIG_CMD_CREATE: makes the file system's superblock.
int clinux_fsconfig_create(int filesystem);

/// fsmount(2), Linux 5.2: the mount of what fsopen began, not attached to anything; attributes are
/// CLINUX_MOUNT_ATTR_*.
int clinux_fsmount(int filesystem, uint32_t flags, uint64_t attributes);

// MARK: Files

// For open. Hidden behind _GNU_SOURCE; O_TMPFILE holds O_DIRECTORY, which differs between architectures.
static const int32_t CLINUX_O_PATH = 010000000;
static const int32_t CLINUX_O_TMPFILE = 020000000 | O_DIRECTORY;
static const int32_t CLINUX_O_NOATIME = 01000000;

// For clinux_openat2, from <linux/openat2.h>.
static const uint64_t CLINUX_RESOLVE_NO_XDEV = 0x01;
static const uint64_t CLINUX_RESOLVE_NO_MAGICLINKS = 0x02;
static const uint64_t CLINUX_RESOLVE_NO_SYMLINKS = 0x04;
static const uint64_t CLINUX_RESOLVE_BENEATH = 0x08;
static const uint64_t CLINUX_RESOLVE_IN_ROOT = 0x10;

/// openat2(2), Linux 5.6: opens below a directory; with CLINUX_RESOLVE_IN_ROOT absolute links and `..` stay below it,
/// as after chroot. glibc has no wrapper. The mode must be 0 unless the flags create a file.
int clinux_openat2(int directory, const char *path, uint64_t flags, uint64_t mode, uint64_t resolve);

// For clinux_renameat2. Hidden behind _GNU_SOURCE.
static const uint32_t CLINUX_RENAME_NOREPLACE = 1;
static const uint32_t CLINUX_RENAME_EXCHANGE = 2;

/// renameat2(2). Hidden behind _GNU_SOURCE. EINVAL where the file system cannot do what the flags ask.
int clinux_renameat2(int oldDirectory, const char *oldPath, int newDirectory, const char *newPath, uint32_t flags);

/// What statx(2) tells, with whole device numbers and times split in seconds and nanoseconds.
struct clinux_file_status {
    uint64_t device;
    uint64_t inode;
    uint64_t mount_id;       // 0 on kernels before 5.8
    uint64_t size;           // bytes
    uint64_t blocks;         // of 512 bytes, allocated
    uint64_t special_device; // of a device node
    int64_t birth_seconds;
    int64_t modified_seconds;
    int64_t changed_seconds;
    uint32_t birth_nanoseconds;
    uint32_t modified_nanoseconds;
    uint32_t changed_nanoseconds;
    uint32_t mode; // type and permissions
    uint32_t links;
    uint32_t user;
    uint32_t group;
    uint8_t has_birth;     // 0 where the file system keeps no time of birth
    uint8_t is_mount_root; // 1 where something is mounted; 0 also when the kernel (before 5.8) cannot tell
};

/// statx(2), for the time of birth, by which a file made again under the same inode number is told from the old one.
/// Hidden behind _GNU_SOURCE. Flags: AT_SYMLINK_NOFOLLOW, CLINUX_AT_EMPTY_PATH, CLINUX_AT_NO_AUTOMOUNT.
int clinux_statx(int directory, const char *path, int flags, struct clinux_file_status *status);

/// ioctl(FICLONE): the whole content of source becomes destination's, sharing its blocks. The macro is not an integer
/// literal. EOPNOTSUPP, EXDEV, EINVAL: not on this file system, copy instead.
int clinux_clone_file(int destination, int source);

/// copy_file_range(2) at both files' own offsets: the bytes copied, 0 at the end. Hidden behind _GNU_SOURCE.
ssize_t clinux_copy_file_range(int source, int destination, size_t count);

// For lseek in sparse files. Hidden behind _GNU_SOURCE. ENXIO: no more data behind the offset.
static const int32_t CLINUX_SEEK_DATA = 3;
static const int32_t CLINUX_SEEK_HOLE = 4;

// For clinux_fallocate, from <linux/falloc.h>.
static const int32_t CLINUX_FALLOC_FL_KEEP_SIZE = 0x01;
static const int32_t CLINUX_FALLOC_FL_PUNCH_HOLE = 0x02;
static const int32_t CLINUX_FALLOC_FL_ZERO_RANGE = 0x10;

/// fallocate(2). Hidden behind _GNU_SOURCE; posix_fallocate writes zeros where the file system cannot allocate.
int clinux_fallocate(int descriptor, int mode, int64_t offset, int64_t length);

// For futimens and utimensat: the time is now, or stays. Casts, which Swift does not import.
static const int64_t CLINUX_UTIME_NOW = (1 << 30) - 1;

/// syncfs(2): writes out the one file system that the descriptor is on. Hidden behind _GNU_SOURCE.
int clinux_syncfs(int descriptor);

/// close_range(2), Linux 5.9. glibc has a wrapper from 2.34 on, with _GNU_SOURCE.
int clinux_close_range(unsigned int first, unsigned int last, unsigned int flags);
static const uint32_t CLINUX_CLOSE_RANGE_CLOEXEC = 4;

/// memfd_create(2): a file in memory only. Hidden behind _GNU_SOURCE.
int clinux_memfd_create(const char *name, unsigned int flags);
static const uint32_t CLINUX_MFD_CLOEXEC = 1;

// Extended attributes: the Glibc module leaves <sys/xattr.h> out. Links are not followed; a size of 0 asks how much
// there is. ENODATA: no such attribute; EOPNOTSUPP: none on this file system.
ssize_t clinux_lgetxattr(const char *path, const char *name, void *_Nullable value, size_t size);
ssize_t clinux_llistxattr(const char *path, char *_Nullable names, size_t size);
int clinux_lsetxattr(const char *path, const char *name, const void *_Nullable value, size_t size, int flags);
ssize_t clinux_fgetxattr(int descriptor, const char *name, void *_Nullable value, size_t size);
ssize_t clinux_flistxattr(int descriptor, char *_Nullable names, size_t size);
int clinux_fsetxattr(int descriptor, const char *name, const void *_Nullable value, size_t size, int flags);

/// getrandom(2). The Glibc module leaves <sys/random.h> out.
ssize_t clinux_getrandom(void *buffer, size_t count, unsigned int flags);

// MARK: Devices

// makedev(3): macros that look like functions, which Swift does not import.
uint64_t clinux_makedev(uint32_t major, uint32_t minor);
uint32_t clinux_major(uint64_t device);
uint32_t clinux_minor(uint64_t device);

/// ioctl(BLKGETSIZE64): a block device's size in bytes. The macro holds a sizeof, which Swift does not import.
int clinux_block_device_size(int descriptor, uint64_t *bytes);

/// ioctl(BLKSSZGET): a block device's logical sector in bytes. A macro that Swift does not import.
int clinux_block_device_sector(int descriptor, uint32_t *bytes);

/// ioctl(BLKROGET): 1 for a block device that cannot be written, 0 for one that can. A macro that Swift does not import.
int clinux_block_device_is_read_only(int descriptor);

/// fcntl(F_SETLEASE, F_WRLCK), and back: 0 where nobody else has the file open, EAGAIN where somebody has, EINVAL or
/// EOPNOTSUPP where its file system knows no leases. Hidden behind _GNU_SOURCE.
int clinux_write_lease(int descriptor);

/// open(2) with O_WRONLY, O_CLOEXEC and O_DIRECT, whose number differs between architectures: a descriptor, or -1 and EINVAL
/// where the file system cannot. Hidden behind _GNU_SOURCE.
int clinux_open_directly(const char *path);

/// sync_file_range(SYNC_FILE_RANGE_WRITE): has the kernel begin to write what was written to a part of a file, so that a later
/// fsync finds it done. A hint: where it cannot be, fsync does it. Hidden behind _GNU_SOURCE.
void clinux_begin_writing(int file, int64_t offset, int64_t length);

/// ioctl(BLKRRPART): has the kernel read a block device's partition table again. A macro that Swift does not import.
int clinux_block_device_reread(int descriptor);

/// ioctl(FITRIM): has a mounted file system's device take back what it does not use; of an image that is a hole then. A hint,
/// where the device cannot. A structure that Swift does not import.
void clinux_trim(int directory);

/// Whether there is a loop device to be had: a container may see /dev/loop-control, and may not use it.
int clinux_finds_loop(void);

/// A loop device over an open file, Linux 5.8 (LOOP_CONFIGURE, loop(4)): its descriptor, which closes on exec, or -1.
/// It goes by itself when the last user is gone (LO_FLAGS_AUTOCLEAR). Structures and macros that Swift does not
/// import. ENOENT: this host has no loop devices.
/// It begins at the offset, and has that length; a length of 0 is all that there is behind the offset.
int clinux_attach_loop(int file, uint64_t offset, uint64_t length);

/// ioctl(LOOP_SET_CAPACITY): gives a loop device the size that its file has by now; -1 on failure. A macro that Swift does not
/// import.
int clinux_fit_loop(int loop);

#pragma clang assume_nonnull end

#endif
