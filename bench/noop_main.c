/* A program that does nothing, as small as the machine allows: what remains of its run time is the
 * price of starting and ending a process. */
int main(void)
{
    return 0;
}
