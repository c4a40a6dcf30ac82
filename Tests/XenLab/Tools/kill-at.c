/*
 * Preloaded into a program, it ends it as kill -9 does, at a transaction of its SQLite database, or has the transaction fail.
 * Each ends with the removal of the rollback journal (sqlite.org/atomiccommit.html), so that just before it is as if it had
 * not been, and just after it counts. Domus ends one before and after each effect on the host.
 *
 * KILL_AT is the transaction's number, from 1; KILL_HOW is before, after or fail.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

static atomic_long ended;

int unlink(const char *path) {
    int (*real)(const char *) = (int (*)(const char *))dlsym(RTLD_NEXT, "unlink");
    const char *at = getenv("KILL_AT");
    const char *how = getenv("KILL_HOW");
    const char *suffix = "-journal";
    size_t length = strlen(path);
    if (!at || !how || length < strlen(suffix) || strcmp(path + length - strlen(suffix), suffix)) return real(path);
    if (atomic_fetch_add(&ended, 1) + 1 != atol(at)) return real(path);
    if (!strcmp(how, "fail")) {
        errno = EIO;
        return -1;
    }
    if (!strcmp(how, "before")) raise(SIGKILL);
    int result = real(path);
    raise(SIGKILL);
    return result;
}
