// libparted's public header. Nothing is declared here.
#include <parted/parted.h>
