/*
 * shared_systemd: the systemd of tests/unit/os, for the lanes' tests too.
 */
#include "../os/fake_systemd.c"
