/*
 * Command lines. Windows hands a program one string; the C runtime splits it
 * by rules of its own, cmd.exe by others.
 *
 * Sources: "Parsing C command-line arguments" of the Microsoft C runtime
 * documentation; "CommandLineToArgvW"; for batch files CVE-2024-24576, where
 * arguments quoted for the C runtime were commands to cmd.exe.
 */
#ifndef HOLDFAST_SANDBOX_NT_QUOTE_H
#define HOLDFAST_SANDBOX_NT_QUOTE_H

#include "base/buffer.h"
#include "sandbox/text_list.h"

enum {
    NT_COMMAND_LINE_MAX = 32767, /* UTF-16 units with the NUL; CreateProcess */
    NT_BATCH_LINE_MAX = 8192,    /* cmd.exe; longer ones end in its own error, or cut off */
};

/* The command line that splits into exactly these arguments. argv[0] must not hold a quote. Caller
 * frees. NULL: ERR_INVALID or ERR_MEMORY. */
char *nt_quote(char *const *argv, struct error *err);

/* The way back, as the C runtime does it (since 2008). For tests and for what others quoted. */
int nt_unquote(const char *line, struct text_list *argv, struct error *err);

/* "x.bat" and "x.cmd": these are run by cmd.exe. */
bool nt_is_batch(const char *path);

/*
 * The command line for a batch file: cmd.exe /d /e:on /v:off /c ""path" "argument"...". Arguments that
 * cmd.exe would not hand on as they are (a quote, a percent sign, a line end) are ERR_REFUSED; so is
 * such a path. Backslashes at the end of an argument are doubled: a batch file that hands %* on to a program
 * would else join it with the next one. interpreter: full path of cmd.exe. Caller frees.
 */
char *nt_quote_batch(const char *interpreter, const char *path, char *const *arguments,
                     struct error *err);

#endif
