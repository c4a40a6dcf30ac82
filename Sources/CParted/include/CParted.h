// libparted's public header, and what loads the library: not the dynamic linker, with the program. Its GPT driver, for one,
// runs a shell that looks for dmidecode(8) as soon as it is loaded, and most commands never see a partition table.
#ifndef CPARTED_H
#define CPARTED_H

#include <parted/parted.h>

/// Loads libparted, unless that was done. Its functions may be called after that alone, and one call at a time, this one too.
///
/// Returns: NULL, or why it cannot be, in dlerror(3)'s words, until the next call.
const char *cparted_load(void);

#endif
