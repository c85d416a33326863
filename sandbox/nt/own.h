/* Who may do what with the objects that our own programs make: processes, threads, pipes. As data, so
 * that the access model can be asked about them (windows_process_test.c). */
#ifndef HOLDFAST_SANDBOX_NT_OWN_H
#define HOLDFAST_SANDBOX_NT_OWN_H

/* What nobody but the system and holders of a handle may do anything with; the owner's implied
 * rights are given up, too (OWNER RIGHTS). */
#define NT_OWN_EYES_ONLY "D:P(A;;GA;;;SY)(A;;RC;;;OW)"

/* What the runner makes without saying, and what Windows makes for it (the console's host). A format:
 * the group of the sandbox's accounts. The commands have it too, but not in their second list. */
#define NT_RUNNERS_OWN "D:(A;;GA;;;SY)(A;;GA;;;%s)(A;;RC;;;OW)"

/* What a pipe between our programs grants its client, and what that asks for when it opens it.
 * GENERIC_WRITE would also ask for FILE_CREATE_PIPE_INSTANCE, which nobody but its maker shall have
 * ("Named Pipe Security and Access Rights"). */
enum {
    NT_PIPE_BOTH_WAYS = 0x100183, /* SYNCHRONIZE, data and attributes, read and write */
    NT_PIPE_WRITE = 0x100082,     /* SYNCHRONIZE, write data, read attributes */
};

#endif
