// liblvm2cmd's public header, and what loads the library: not the dynamic linker, with the program. It brings a dozen others,
// and a command that has to do with files alone needs none of them.
#ifndef CLVM_H
#define CLVM_H

#include <lvm2cmd.h>

/// Loads liblvm2cmd, unless that was done. Its functions may be called after that alone, and one call at a time, this one too.
///
/// Returns: NULL, or why it cannot be, in dlerror(3)'s words, until the next call.
const char *clvm_load(void);

#endif
