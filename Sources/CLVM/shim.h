// liblvm2cmd's public header. Nothing is declared here.
#include <lvm2cmd.h>
