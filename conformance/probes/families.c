#include "conformance/probes/families.h"

#include <string.h>

#include "base/auto.h"

/* One line here and one in the table for each new file of rows. A new row in a file needs neither. */
/* clang-format off: one a line, sorted */
extern const struct probe_family family_fs_device;
extern const struct probe_family family_fs_fd;
extern const struct probe_family family_fs_link;
extern const struct probe_family family_fs_meta;
extern const struct probe_family family_fs_mount;
extern const struct probe_family family_fs_nt;
extern const struct probe_family family_fs_temp;
extern const struct probe_family family_fs_write;
extern const struct probe_family family_git_agent;
extern const struct probe_family family_git_create;
extern const struct probe_family family_git_keys;
extern const struct probe_family family_git_nt;
extern const struct probe_family family_git_pointer;
extern const struct probe_family family_git_write;
extern const struct probe_family family_harness;
extern const struct probe_family family_ipc;
extern const struct probe_family family_ipc_system;
extern const struct probe_family family_mustwork_files;
extern const struct probe_family family_mustwork_process;
extern const struct probe_family family_mustwork_tools;
extern const struct probe_family family_net_abi;
extern const struct probe_family family_net_bypass;
extern const struct probe_family family_net_inet;
extern const struct probe_family family_net_modules;
extern const struct probe_family family_net_raw;
extern const struct probe_family family_net_serve;
extern const struct probe_family family_net_unix;
extern const struct probe_family family_net_uring;
extern const struct probe_family family_persist;
extern const struct probe_family family_proc_kernel;
extern const struct probe_family family_proc_launcher;
extern const struct probe_family family_proc_life;
extern const struct probe_family family_proc_memory;
extern const struct probe_family family_proc_signal;
extern const struct probe_family family_proc_tamper;
extern const struct probe_family family_proc_tty;
extern const struct probe_family family_read;
extern const struct probe_family family_read_process;
extern const struct probe_family family_read_screen;
extern const struct probe_family family_res;
extern const struct probe_family family_setup;
extern const struct probe_family family_setup_nt;
extern const struct probe_family family_setup_wrap;
extern const struct probe_family family_user_nt;
extern const struct probe_family family_windows_rows;
extern const struct probe_family family_wproc;
extern const struct probe_family family_wsl;

const struct probe_family *const probe_families[] = {
    &family_fs_device,
    &family_fs_fd,
    &family_fs_link,
    &family_fs_meta,
    &family_fs_mount,
    &family_fs_nt,
    &family_fs_temp,
    &family_fs_write,
    &family_git_agent,
    &family_git_create,
    &family_git_keys,
    &family_git_nt,
    &family_git_pointer,
    &family_git_write,
    &family_harness,
    &family_ipc,
    &family_ipc_system,
    &family_mustwork_files,
    &family_mustwork_process,
    &family_mustwork_tools,
    &family_net_abi,
    &family_net_bypass,
    &family_net_inet,
    &family_net_modules,
    &family_net_raw,
    &family_net_serve,
    &family_net_unix,
    &family_net_uring,
    &family_persist,
    &family_proc_kernel,
    &family_proc_launcher,
    &family_proc_life,
    &family_proc_memory,
    &family_proc_signal,
    &family_proc_tamper,
    &family_proc_tty,
    &family_read,
    &family_read_process,
    &family_read_screen,
    &family_res,
    &family_setup,
    &family_setup_nt,
    &family_setup_wrap,
    &family_user_nt,
    &family_windows_rows,
    &family_wproc,
    &family_wsl,
};
/* clang-format on */
const size_t probe_family_count = ARRAY_SIZE(probe_families);

const struct probe *probe_find(const char *id)
{
    for (size_t f = 0; f < probe_family_count; f++) {
        for (size_t i = 0; i < probe_families[f]->count; i++) {
            if (strcmp(probe_families[f]->rows[i].id, id) == 0)
                return &probe_families[f]->rows[i];
        }
    }
    return NULL;
}
