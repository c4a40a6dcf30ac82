// A library that is loaded when it is first used: its functions are defined here, by what they are handed on to.
#ifndef LAZY_LIBRARY_H
#define LAZY_LIBRARY_H

#include <dlfcn.h>
#include <stddef.h>

/// Defines each of a library's functions, and one that loads it.
///
/// - load: its name, and soname: that of the interface that the library's header describes.
/// - FUNCTIONS: a macro that says FUNCTION(result, name, parameters, arguments) for each, with the parameters as they are
///   declared and as they are handed on. The compiler holds them against the header, which has to be included before.
#define LAZY_LIBRARY(load, soname, FUNCTIONS)                                      \
    FUNCTIONS(LAZY_LIBRARY_DEFINE)                                                 \
    const char *load(void) {                                                       \
        static void *library;                                                      \
        static int is_complete;                                                    \
        if (is_complete) return NULL;                                              \
        if (library == NULL) library = dlopen(soname, RTLD_NOW | RTLD_LOCAL);      \
        if (library == NULL) return dlerror();                                     \
        FUNCTIONS(LAZY_LIBRARY_FIND)                                               \
        is_complete = 1;                                                           \
        return NULL;                                                               \
    }

#define LAZY_LIBRARY_DEFINE(result, name, parameters, arguments) \
    static __typeof__(&name) loaded_##name;                      \
    result name parameters { return loaded_##name arguments; }

#define LAZY_LIBRARY_FIND(result, name, parameters, arguments) \
    if ((loaded_##name = (__typeof__(&name))dlsym(library, #name)) == NULL) return dlerror();

#endif
