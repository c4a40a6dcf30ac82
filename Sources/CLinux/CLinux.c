// Here, in a translation unit of its own, _GNU_SOURCE works; in a clang module it need not.
#define _GNU_SOURCE

#include "CLinux.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/falloc.h>
#include <linux/filter.h>
#include <linux/fs.h>
#include <linux/loop.h>
#include <linux/memfd.h>
#include <linux/mount.h> // never beside <sys/mount.h>: with glibc 2.36 the two collide
#include <linux/openat2.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/types.h>
#include <sys/xattr.h>
#include <unistd.h>

// The kernel's numbers for system calls newer than 5.0 are the same on every architecture; older headers lack them.
#ifndef SYS_open_tree
#define SYS_open_tree 428
#define SYS_move_mount 429
#define SYS_fsopen 430
#define SYS_fsconfig 431
#define SYS_fsmount 432
#endif
#ifndef SYS_pidfd_send_signal
#define SYS_pidfd_send_signal 424
#endif
#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif
#ifndef SYS_close_range
#define SYS_close_range 436
#endif
#ifndef SYS_openat2
#define SYS_openat2 437
#endif
#ifndef SYS_mount_setattr
#define SYS_mount_setattr 442
#endif

#define HELD(name) _Static_assert(CLINUX_##name == name, #name " differs from the kernel's")

HELD(CLONE_NEWNS);
HELD(CLONE_NEWCGROUP);
HELD(CLONE_NEWUTS);
HELD(CLONE_NEWIPC);
HELD(CLONE_NEWUSER);
HELD(CLONE_NEWPID);
HELD(CLONE_NEWNET);
HELD(PER_LINUX);
HELD(PER_LINUX32);
HELD(MOUNT_ATTR_RDONLY);
HELD(MOUNT_ATTR_NOSUID);
HELD(MOUNT_ATTR_NODEV);
HELD(MOUNT_ATTR_NOEXEC);
HELD(MOUNT_ATTR_NOATIME);
HELD(OPEN_TREE_CLONE);
HELD(OPEN_TREE_CLOEXEC);
HELD(MOVE_MOUNT_F_EMPTY_PATH);
HELD(MOVE_MOUNT_T_EMPTY_PATH);
HELD(FSOPEN_CLOEXEC);
HELD(FSMOUNT_CLOEXEC);
HELD(AT_EMPTY_PATH);
HELD(AT_NO_AUTOMOUNT);
#ifdef AT_RECURSIVE
HELD(AT_RECURSIVE);
#endif
HELD(O_PATH);
HELD(O_TMPFILE);
HELD(O_NOATIME);
HELD(RESOLVE_NO_XDEV);
HELD(RESOLVE_NO_MAGICLINKS);
HELD(RESOLVE_NO_SYMLINKS);
HELD(RESOLVE_BENEATH);
HELD(RESOLVE_IN_ROOT);
HELD(RENAME_NOREPLACE);
HELD(RENAME_EXCHANGE);
HELD(SEEK_DATA);
HELD(SEEK_HOLE);
HELD(FALLOC_FL_KEEP_SIZE);
HELD(FALLOC_FL_PUNCH_HOLE);
HELD(FALLOC_FL_ZERO_RANGE);
HELD(MFD_CLOEXEC);
HELD(UTIME_NOW);

int clinux_unshare(int flags) { return unshare(flags); }

int clinux_setns(int descriptor, int kind) { return setns(descriptor, kind); }

int clinux_pivot_root(const char *newRoot, const char *putOld) {
    return (int)syscall(SYS_pivot_root, newRoot, putOld);
}

int clinux_set_parent_death_signal(int signal) {
    return prctl(PR_SET_PDEATHSIG, (unsigned long)signal, 0UL, 0UL, 0UL);
}

int clinux_set_child_subreaper(int enabled) {
    return prctl(PR_SET_CHILD_SUBREAPER, (unsigned long)(enabled != 0), 0UL, 0UL, 0UL);
}

// The numbers of these calls in 32-bit programs, which run under the same filter (arch/x86/entry/syscalls/syscall_32.tbl,
// arch/arm/tools/syscall.tbl of Linux).
#if defined(__x86_64__)
#define OWN_ARCHITECTURE AUDIT_ARCH_X86_64
#define SMALL_ARCHITECTURE AUDIT_ARCH_I386
enum { SMALL_SYNC = 36, SMALL_FSYNC = 118, SMALL_FDATASYNC = 148, SMALL_RANGE = 314, SMALL_SYNCFS = 344 };
#elif defined(__aarch64__)
#define OWN_ARCHITECTURE AUDIT_ARCH_AARCH64
#define SMALL_ARCHITECTURE AUDIT_ARCH_ARM
enum { SMALL_SYNC = 36, SMALL_FSYNC = 118, SMALL_FDATASYNC = 148, SMALL_RANGE = 341, SMALL_SYNCFS = 373 };
#endif

int clinux_ignore_synchronization(void) {
#ifdef OWN_ARCHITECTURE
#define SKIP_IF(number, distance) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)(number), distance, 0)
    struct sock_filter program[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)),
        SKIP_IF(SMALL_ARCHITECTURE, 8),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, OWN_ARCHITECTURE, 0, 13),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        SKIP_IF(SYS_sync, 12),
        SKIP_IF(SYS_fsync, 11),
        SKIP_IF(SYS_fdatasync, 10),
        SKIP_IF(SYS_syncfs, 9),
        SKIP_IF(SYS_sync_file_range, 8),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        SKIP_IF(SMALL_SYNC, 5),
        SKIP_IF(SMALL_FSYNC, 4),
        SKIP_IF(SMALL_FDATASYNC, 3),
        SKIP_IF(SMALL_RANGE, 2),
        SKIP_IF(SMALL_SYNCFS, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO),
    };
    struct sock_fprog filter = {.len = sizeof program / sizeof *program, .filter = program};
    return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter, 0UL, 0UL);
#else
    errno = EINVAL;
    return -1;
#endif
}

int clinux_set_no_new_privileges(void) { return prctl(PR_SET_NO_NEW_PRIVS, 1UL, 0UL, 0UL, 0UL); }

int clinux_pipe2(int ends[2], int flags) { return pipe2(ends, flags); }

int clinux_personality(unsigned long persona) { return personality(persona); }

int clinux_pidfd_open(pid_t process, unsigned int flags) { return (int)syscall(SYS_pidfd_open, process, flags); }

int clinux_pidfd_send_signal(int descriptor, int signal) {
    return (int)syscall(SYS_pidfd_send_signal, descriptor, signal, NULL, 0U);
}

int clinux_signalfd(int descriptor, const sigset_t *signals, int flags) {
    return signalfd(descriptor, signals, flags);
}

int clinux_signalfd_read(int descriptor) {
    struct signalfd_siginfo information;
    ssize_t count = read(descriptor, &information, sizeof information);
    if (count == (ssize_t)sizeof information) return (int)information.ssi_signo;
    if (count >= 0) errno = EIO;
    return -1;
}

char **clinux_environment(void) { return environ; }

int clinux_mount_setattr(
    int directory, const char *path, int flags, uint64_t set, uint64_t clear, uint64_t propagation) {
    struct mount_attr attributes = {.attr_set = set, .attr_clr = clear, .propagation = propagation};
    return (int)syscall(SYS_mount_setattr, directory, path, (unsigned int)flags, &attributes, sizeof attributes);
}

int clinux_open_tree(int directory, const char *path, uint32_t flags) {
    return (int)syscall(SYS_open_tree, directory, path, flags);
}

int clinux_move_mount(
    int fromDirectory, const char *fromPath, int toDirectory, const char *toPath, uint32_t flags) {
    return (int)syscall(SYS_move_mount, fromDirectory, fromPath, toDirectory, toPath, flags);
}

int clinux_fsopen(const char *type, uint32_t flags) { return (int)syscall(SYS_fsopen, type, flags); }

int clinux_fsconfig_string(int filesystem, const char *key, const char *value) {
    return (int)syscall(SYS_fsconfig, filesystem, FSCONFIG_SET_STRING, key, value, 0);
}

int clinux_fsconfig_flag(int filesystem, const char *key) {
    return (int)syscall(SYS_fsconfig, filesystem, FSCONFIG_SET_FLAG, key, NULL, 0);
}

int clinux_fsconfig_create(int filesystem) {
    return (int)syscall(SYS_fsconfig, filesystem, FSCONFIG_CMD_CREATE, NULL, NULL, 0);
}

int clinux_fsmount(int filesystem, uint32_t flags, uint64_t attributes) {
    return (int)syscall(SYS_fsmount, filesystem, flags, (unsigned int)attributes);
}

int clinux_openat2(int directory, const char *path, uint64_t flags, uint64_t mode, uint64_t resolve) {
    struct open_how how = {.flags = flags, .mode = mode, .resolve = resolve};
    return (int)syscall(SYS_openat2, directory, path, &how, sizeof how);
}

int clinux_renameat2(int oldDirectory, const char *oldPath, int newDirectory, const char *newPath, uint32_t flags) {
    return renameat2(oldDirectory, oldPath, newDirectory, newPath, flags);
}

int clinux_statx(int directory, const char *path, int flags, struct clinux_file_status *status) {
    unsigned int mask = STATX_BASIC_STATS | STATX_BTIME;
#ifdef STATX_MNT_ID
    mask |= STATX_MNT_ID;
#endif
    struct statx information;
    memset(&information, 0, sizeof information);
    if (statx(directory, path, flags, mask, &information) != 0) return -1;
    *status = (struct clinux_file_status){
        .device = makedev(information.stx_dev_major, information.stx_dev_minor),
        .inode = information.stx_ino,
#ifdef STATX_MNT_ID
        .mount_id = information.stx_mask & STATX_MNT_ID ? information.stx_mnt_id : 0,
#endif
        .size = information.stx_size,
        .blocks = information.stx_blocks,
        .special_device = makedev(information.stx_rdev_major, information.stx_rdev_minor),
        .birth_seconds = information.stx_btime.tv_sec,
        .modified_seconds = information.stx_mtime.tv_sec,
        .changed_seconds = information.stx_ctime.tv_sec,
        .birth_nanoseconds = information.stx_btime.tv_nsec,
        .modified_nanoseconds = information.stx_mtime.tv_nsec,
        .changed_nanoseconds = information.stx_ctime.tv_nsec,
        .mode = information.stx_mode,
        .links = information.stx_nlink,
        .user = information.stx_uid,
        .group = information.stx_gid,
        .has_birth = (information.stx_mask & STATX_BTIME) != 0,
#ifdef STATX_ATTR_MOUNT_ROOT
        .is_mount_root = (information.stx_attributes & STATX_ATTR_MOUNT_ROOT) != 0,
#endif
    };
    return 0;
}

int clinux_clone_file(int destination, int source) { return ioctl(destination, FICLONE, source); }

ssize_t clinux_copy_file_range(int source, int destination, size_t count) {
    return copy_file_range(source, NULL, destination, NULL, count, 0);
}

int clinux_fallocate(int descriptor, int mode, int64_t offset, int64_t length) {
    return fallocate64(descriptor, mode, offset, length);
}

int clinux_syncfs(int descriptor) { return syncfs(descriptor); }

int clinux_close_range(unsigned int first, unsigned int last, unsigned int flags) {
    return (int)syscall(SYS_close_range, first, last, flags);
}

int clinux_memfd_create(const char *name, unsigned int flags) { return (int)syscall(SYS_memfd_create, name, flags); }

ssize_t clinux_lgetxattr(const char *path, const char *name, void *value, size_t size) {
    return lgetxattr(path, name, value, size);
}

ssize_t clinux_llistxattr(const char *path, char *names, size_t size) { return llistxattr(path, names, size); }

int clinux_lsetxattr(const char *path, const char *name, const void *value, size_t size, int flags) {
    return lsetxattr(path, name, value, size, flags);
}

ssize_t clinux_fgetxattr(int descriptor, const char *name, void *value, size_t size) {
    return fgetxattr(descriptor, name, value, size);
}

ssize_t clinux_flistxattr(int descriptor, char *names, size_t size) { return flistxattr(descriptor, names, size); }

int clinux_fsetxattr(int descriptor, const char *name, const void *value, size_t size, int flags) {
    return fsetxattr(descriptor, name, value, size, flags);
}

ssize_t clinux_getrandom(void *buffer, size_t count, unsigned int flags) { return getrandom(buffer, count, flags); }

uint64_t clinux_makedev(uint32_t major, uint32_t minor) { return makedev(major, minor); }

uint32_t clinux_major(uint64_t device) { return major(device); }

uint32_t clinux_minor(uint64_t device) { return minor(device); }

int clinux_block_device_size(int descriptor, uint64_t *bytes) { return ioctl(descriptor, BLKGETSIZE64, bytes); }

int clinux_block_device_sector(int descriptor, uint32_t *bytes) {
    int sector = 0;
    if (ioctl(descriptor, BLKSSZGET, &sector) != 0) return -1;
    *bytes = (uint32_t)sector;
    return 0;
}

int clinux_block_device_is_read_only(int descriptor) {
    int readOnly = 0;
    return ioctl(descriptor, BLKROGET, &readOnly) == 0 ? readOnly != 0 : -1;
}

int clinux_write_lease(int descriptor) {
    if (fcntl(descriptor, F_SETLEASE, F_WRLCK) != 0) return -1;
    return fcntl(descriptor, F_SETLEASE, F_UNLCK);
}

int clinux_open_directly(const char *path) {
    return open(path, O_WRONLY | O_CLOEXEC | O_DIRECT);
}

void clinux_begin_writing(int file, int64_t offset, int64_t length) {
    (void)sync_file_range(file, offset, length, SYNC_FILE_RANGE_WRITE);
}

int clinux_block_device_reread(int descriptor) { return ioctl(descriptor, BLKRRPART); }

void clinux_trim(int directory) {
    struct fstrim_range range = {.start = 0, .len = UINT64_MAX, .minlen = 0};
    (void)ioctl(directory, FITRIM, &range);
}

// The free loop device that the kernel offers, or -1.
static int open_free_loop(void) {
    int control = open("/dev/loop-control", O_RDWR | O_CLOEXEC);
    if (control < 0) return -1;
    int number = ioctl(control, LOOP_CTL_GET_FREE);
    int reason = errno;
    close(control);
    errno = reason;
    if (number < 0) return -1;
    char path[32];
    snprintf(path, sizeof path, "/dev/loop%d", number);
    return open(path, O_RDWR | O_CLOEXEC);
}

int clinux_finds_loop(void) {
    int loop = open_free_loop();
    if (loop < 0) return 0;
    close(loop);
    return 1;
}

int clinux_fit_loop(int loop) { return ioctl(loop, LOOP_SET_CAPACITY, 0); }

int clinux_attach_loop(int file, uint64_t offset, uint64_t length) {
    // Between asking for a free one and taking it somebody else may take it.
    for (int attempt = 0; attempt < 64; attempt++) {
        int loop = open_free_loop();
        if (loop < 0) return -1;
        struct loop_config config = {
            .fd = (uint32_t)file,
            .info = {.lo_flags = LO_FLAGS_AUTOCLEAR, .lo_offset = offset, .lo_sizelimit = length}};
        if (ioctl(loop, LOOP_CONFIGURE, &config) == 0) return loop;
        int reason = errno;
        close(loop);
        errno = reason;
        if (reason != EBUSY) return -1;
    }
    return -1;
}
