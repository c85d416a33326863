/* `holdfast bench`: measures what a sandbox costs, or any commands. bench/README.md is the manual. */
#ifndef HOLDFAST_BENCH_BENCH_H
#define HOLDFAST_BENCH_BENCH_H

/* argv[0] is "bench". Returns the exit status: 0 measured; 1 slower than --against; 2 usage or
 * environment; 3 the machine was not fit to judge (--strict). */
int bench_main(int argc, char **argv);

#endif
