#include "CLVM.h"

#include <dlfcn.h>
#include <stddef.h>

// The functions that are used, each with its parameters and how they are handed on. The compiler holds them against the header.
#define FUNCTIONS(FUNCTION)                                                 \
    FUNCTION(void, lvm2_log_fn, (lvm2_log_fn_t function), (function))       \
    FUNCTION(void *, lvm2_init, (void), ())                                 \
    FUNCTION(int, lvm2_run, (void *handle, const char *line), (handle, line))

#define DEFINE(result, name, parameters, arguments) \
    static __typeof__(&name) loaded_##name;         \
    result name parameters { return loaded_##name arguments; }
FUNCTIONS(DEFINE)

#define FIND(result, name, parameters, arguments) \
    if ((loaded_##name = (__typeof__(&name))dlsym(library, #name)) == NULL) return dlerror();

const char *clvm_load(void) {
    static void *library;
    static int is_complete;
    if (is_complete) return NULL;
    // The name is that of the interface that the header describes.
    if (library == NULL) library = dlopen("liblvm2cmd.so.2.03", RTLD_NOW | RTLD_LOCAL);
    if (library == NULL) return dlerror();
    FUNCTIONS(FIND)
    is_complete = 1;
    return NULL;
}
