/* Who looks on while an attempt is made: listeners, a caller, our own memory, the clipboard. */
#ifndef HOLDFAST_WINDOWS_EVIDENCE_WITNESS_H
#define HOLDFAST_WINDOWS_EVIDENCE_WITNESS_H

#include "sandbox/windows/evidence/evidence.h"

struct evidence_witness {
    SOCKET socket; /* INVALID_SOCKET: none */
    char host[64], port[8];
    char pid[16], address[24]; /* of bytes of ours */
    HANDLE file;               /* the row's, open for writing and left to whoever is started */
    char handle[24];
    HANDLE watcher; /* connects to whoever listens at port, or looks for a window */
    volatile LONG is_over, has_seen;
};

/* What the row's oracle needs; path: the one it is about, or NULL. Ended by evidence_witness_done, also on failure. ERR_UNSUPPORTED: this
 * machine has none. */
int evidence_witness_init(struct evidence_witness *witness, const struct evidence_case *row,
                          const char *path, struct error *err);
/* The word itself, or what HOST, PORT, PID, ADDRESS, HANDLE, CLIP stand for. */
const char *evidence_witness_word(const struct evidence_witness *witness, const char *word);
/* Was there an effect? */
bool evidence_witness_saw(struct evidence_witness *witness, enum evidence_oracle oracle);
void evidence_witness_done(struct evidence_witness *witness);

/* Runs the line in a pseudoconsole; presses Ctrl+C when it says EVIDENCE_READY. */
int evidence_run_in_console(const char *line, struct evidence_run *run, struct error *err);

#endif
