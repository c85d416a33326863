/* The command `holdfast conformance`. */
#ifndef HOLDFAST_CONFORMANCE_CONFORMANCE_H
#define HOLDFAST_CONFORMANCE_CONFORMANCE_H

int conformance_main(int argc, char **argv);

#endif
