/* What `setup`, `teardown` and `status` do. One file per platform. */
#ifndef HOLDFAST_SANDBOX_SETUP_H
#define HOLDFAST_SANDBOX_SETUP_H

int command_setup(int argc, char **argv);

#endif
