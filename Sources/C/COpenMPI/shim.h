// Open MPI 4.1 behind inline functions: its predefined handles are macros over pointer casts, which Swift cannot
// import.
#pragma once
#include <mpi.h>

static inline MPI_Comm cmpi_comm_world(void) { return MPI_COMM_WORLD; }
static inline MPI_Comm cmpi_comm_self(void) { return MPI_COMM_SELF; }
static inline MPI_Comm cmpi_comm_null(void) { return MPI_COMM_NULL; }

static inline MPI_Datatype cmpi_byte(void) { return MPI_BYTE; }
static inline MPI_Datatype cmpi_float(void) { return MPI_FLOAT; }
static inline MPI_Datatype cmpi_double(void) { return MPI_DOUBLE; }
static inline MPI_Datatype cmpi_int64(void) { return MPI_INT64_T; }

static inline MPI_Op cmpi_minimum(void) { return MPI_MIN; }
static inline MPI_Op cmpi_maximum(void) { return MPI_MAX; }
static inline MPI_Op cmpi_sum(void) { return MPI_SUM; }

/// The "buffer is both source and target" mark: a cast of 1 to a pointer.
static inline void *cmpi_in_place(void) { return MPI_IN_PLACE; }
static inline MPI_Request cmpi_request_null(void) { return MPI_REQUEST_NULL; }

/// Errors come back as codes instead of ending the process.
static inline int cmpi_return_errors(MPI_Comm communicator) {
    return MPI_Comm_set_errhandler(communicator, MPI_ERRORS_RETURN);
}

static inline int cmpi_split_by_node(MPI_Comm communicator, int key, MPI_Comm *node) {
    return MPI_Comm_split_type(communicator, MPI_COMM_TYPE_SHARED, key, MPI_INFO_NULL, node);
}

/// Waits for all requests; their statuses are of no interest.
static inline int cmpi_wait_all(int count, MPI_Request *requests) {
    return MPI_Waitall(count, requests, MPI_STATUSES_IGNORE);
}

/// Reads an integer setting of the library (MPI 3.1, section 14.3.6); the MPI error code when there is none of this
/// name.
static inline int cmpi_control_variable(const char *name, int *value) {
    int granted, index, count, code;
    MPI_T_cvar_handle handle;
    if ((code = MPI_T_init_thread(MPI_THREAD_FUNNELED, &granted)) != MPI_SUCCESS) return code;
    if ((code = MPI_T_cvar_get_index(name, &index)) == MPI_SUCCESS
        && (code = MPI_T_cvar_handle_alloc(index, NULL, &handle, &count)) == MPI_SUCCESS) {
        code = count == 1 ? MPI_T_cvar_read(handle, value) : MPI_ERR_TYPE;
        MPI_T_cvar_handle_free(&handle);
    }
    MPI_T_finalize();
    return code;
}
