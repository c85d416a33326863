/* Stays, so that what holds it can be weighed: says "." when it runs, then waits until its input
 * ends (or for an hour, whatever comes first). */
#include <unistd.h>

int main(void)
{
    char byte;

    (void)alarm(3600);
    if (write(STDOUT_FILENO, ".", 1) != 1)
        return 1;
    while (read(STDIN_FILENO, &byte, 1) > 0)
        ;
    return 0;
}
