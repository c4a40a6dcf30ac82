#include "CParted.h"

#include "LazyLibrary.h"

// Those that are used.
#define FUNCTIONS(FUNCTION)                                                                                                \
    FUNCTION(void, ped_exception_set_handler, (PedExceptionHandler *handler), (handler))                                   \
    FUNCTION(PedDevice *, ped_device_get, (const char *path), (path))                                                      \
    FUNCTION(void, ped_device_destroy, (PedDevice *device), (device))                                                      \
    FUNCTION(PedDiskType *, ped_disk_type_get, (const char *name), (name))                                                 \
    FUNCTION(PedDisk *, ped_disk_new, (PedDevice *device), (device))                                                       \
    FUNCTION(PedDisk *, ped_disk_new_fresh, (PedDevice *device, const PedDiskType *type), (device, type))                  \
    FUNCTION(void, ped_disk_destroy, (PedDisk *disk), (disk))                                                              \
    FUNCTION(int, ped_disk_commit_to_dev, (PedDisk *disk), (disk))                                                         \
    FUNCTION(PedPartition *, ped_disk_get_partition, (const PedDisk *disk, int number), (disk, number))                    \
    FUNCTION(                                                                                                              \
        PedPartition *, ped_disk_next_partition, (const PedDisk *disk, const PedPartition *partition), (disk, partition))  \
    FUNCTION(                                                                                                              \
        int, ped_disk_add_partition, (PedDisk *disk, PedPartition *partition, const PedConstraint *constraint),            \
        (disk, partition, constraint))                                                                                     \
    FUNCTION(                                                                                                              \
        int, ped_disk_set_partition_geom,                                                                                  \
        (PedDisk *disk, PedPartition *partition, const PedConstraint *constraint, PedSector start, PedSector end),         \
        (disk, partition, constraint, start, end))                                                                         \
    FUNCTION(                                                                                                              \
        PedPartition *, ped_partition_new,                                                                                 \
        (const PedDisk *disk, PedPartitionType type, const PedFileSystemType *file_system, PedSector start, PedSector end), \
        (disk, type, file_system, start, end))                                                                             \
    FUNCTION(void, ped_partition_destroy, (PedPartition *partition), (partition))                                          \
    FUNCTION(const char *, ped_partition_get_name, (const PedPartition *partition), (partition))                           \
    FUNCTION(int, ped_partition_set_name, (PedPartition *partition, const char *name), (partition, name))                  \
    FUNCTION(                                                                                                              \
        int, ped_partition_set_flag, (PedPartition *partition, PedPartitionFlag flag, int state), (partition, flag, state)) \
    FUNCTION(                                                                                                              \
        int, ped_geometry_init, (PedGeometry *geometry, const PedDevice *device, PedSector start, PedSector length),       \
        (geometry, device, start, length))                                                                                 \
    FUNCTION(PedConstraint *, ped_constraint_exact, (const PedGeometry *geometry), (geometry))                             \
    FUNCTION(void, ped_constraint_destroy, (PedConstraint *constraint), (constraint))

LAZY_LIBRARY(cparted_load, "libparted.so.2", FUNCTIONS)
