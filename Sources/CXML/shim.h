// libxml2's tree and its parser. Nothing is declared here.
//
// Debian's libxml2 has ICU, whose headers it would include here; they are not those of the ICU that comes with Swift,
// and the compiler takes them for two definitions of one thing. Only the end of a structure that is never looked into
// (xmlCharEncodingHandler) is of their types.
#include <libxml/xmlversion.h>
#undef LIBXML_ICU_ENABLED
#include <libxml/parser.h>
#include <libxml/tree.h>
