// Parallel HDF5 1.10 behind inline functions: its type ids and flags are macros, which Swift cannot import.
#pragma once
#include <hdf5.h>
#include <sys/syscall.h>
#include <unistd.h>

/// Handles are 64-bit integers; below 0 is a failure.
static inline hid_t chdf5_native_float(void) { return H5T_NATIVE_FLOAT; }
static inline hid_t chdf5_file_float(void) { return H5T_IEEE_F32LE; }
static inline hid_t chdf5_native_byte(void) { return H5T_NATIVE_UINT8; }
static inline hid_t chdf5_file_byte(void) { return H5T_STD_U8LE; }
static inline hid_t chdf5_native_integer(void) { return H5T_NATIVE_INT64; }
static inline hid_t chdf5_file_integer(void) { return H5T_STD_I64LE; }

/// A new type for UTF-8 text of a fixed length.
static inline hid_t chdf5_text(size_t length) {
    hid_t type = H5Tcopy(H5T_C_S1);
    if (type >= 0 && (H5Tset_size(type, length) < 0 || H5Tset_cset(type, H5T_CSET_UTF8) < 0 || H5Tset_strpad(type, H5T_STR_NULLPAD) < 0)) {
        H5Tclose(type);
        return -1;
    }
    return type;
}

static inline hid_t chdf5_file_creation(void) { return H5P_FILE_CREATE; }
static inline hid_t chdf5_file_access(void) { return H5P_FILE_ACCESS; }
static inline hid_t chdf5_group_creation(void) { return H5P_GROUP_CREATE; }
static inline hid_t chdf5_dataset_creation(void) { return H5P_DATASET_CREATE; }
static inline hid_t chdf5_transfer(void) { return H5P_DATASET_XFER; }
static inline hid_t chdf5_defaults(void) { return H5P_DEFAULT; }
static inline hid_t chdf5_whole(void) { return H5S_ALL; }

static inline unsigned chdf5_read_only(void) { return H5F_ACC_RDONLY; }
static inline unsigned chdf5_read_write(void) { return H5F_ACC_RDWR; }
static inline unsigned chdf5_truncate(void) { return H5F_ACC_TRUNC; }

/// Lets all ranks of a communicator, given as Fortran's integer, open one file through MPI-IO.
static inline herr_t chdf5_use_ranks(hid_t access, int communicator) {
    return H5Pset_fapl_mpio(access, MPI_Comm_f2c(communicator), MPI_INFO_NULL);
}
static inline herr_t chdf5_write_together(hid_t transfer) {
    return H5Pset_dxpl_mpio(transfer, H5FD_MPIO_COLLECTIVE);
}

/// The library reports errors on a stack that we read; it never prints.
static inline herr_t chdf5_be_quiet(void) { return H5Eset_auto2(H5E_DEFAULT, NULL, NULL); }
static inline herr_t chdf5_walk_errors(H5E_walk2_t visit, void *context) {
    return H5Ewalk2(H5E_DEFAULT, H5E_WALK_DOWNWARD, visit, context);
}
static inline herr_t chdf5_clear_errors(void) { return H5Eclear2(H5E_DEFAULT); }

/// Linux's fallocate, which the headers show only to _GNU_SOURCE: 0, or -1 with errno. Unlike posix_fallocate it does
/// not fill the file byte by byte where the file system cannot reserve room.
static inline int chdf5_reserve(int descriptor, long byteCount) {
    return (int)syscall(SYS_fallocate, descriptor, 0, 0L, byteCount);
}
