// crypt(3), as libxcrypt has it; its header comes with libcrypt-dev, which every C compiler's package brings.
#include <crypt.h>
