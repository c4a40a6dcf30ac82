// libarchive's two public headers. Nothing is declared here: what Archives needs is neither a function-like macro nor
// variadic (archive_set_error is, and is avoided: the reader keeps its own errors beside the library's).
#include <archive.h>
#include <archive_entry.h>
