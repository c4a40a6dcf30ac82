import Glibc

// A tiny program on purpose: unshare(2) acts on one thread and fork(2) copies one thread, so namespaces are entered
// where there is only one. No Foundation, no Dispatch, no task: it starts in the time of its exec.

exit(Helper.run())
