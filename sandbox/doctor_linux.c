/* Asks this machine what linux_doctor.c judges. */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/os.h"
#include "sandbox/doctor.h"
#include "sandbox/linux/apply.h"
#include "sandbox/linux/facts_collect.h"
#include "sandbox/linux/kernel.h"
#include "sandbox/linux/linux_doctor.h"

void doctor_look(struct buffer *out)
{
    const char *home = os_home();
    struct linux_machine machine = {.uid = getuid()};
    struct error ignored;

    linux_machine_read(&machine, "");
    machine.has_namespaces = namespace_probe(&ignored) == 0;
    machine.landlock_abi = kernel_landlock_abi();
    machine.has_notify = facts_have_notify();
    machine.home_is_read_only =
        home != NULL && access(home, W_OK) < 0 && (errno == EROFS || errno == EACCES);
    linux_machine_explain(&machine, out);
}
