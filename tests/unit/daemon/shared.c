/*
 * shared: the temporary trees of tests/unit/os, for the daemon's tests too.
 */
#include "../os/temp_tree.c"
