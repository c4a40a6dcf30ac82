#include "CLVM.h"

#include "LazyLibrary.h"

// Those that are used.
#define FUNCTIONS(FUNCTION)                                                 \
    FUNCTION(void, lvm2_log_fn, (lvm2_log_fn_t function), (function))       \
    FUNCTION(void *, lvm2_init, (void), ())                                 \
    FUNCTION(int, lvm2_run, (void *handle, const char *line), (handle, line))

LAZY_LIBRARY(clvm_load, "liblvm2cmd.so.2.03", FUNCTIONS)
