/*
 * The numbers of the Windows security model, under names of our own so that
 * this folder builds on every platform and beside <windows.h>. Nothing here
 * asks the machine anything.
 *
 * Source of every value: [MS-DTYP] 2.4.3 (ACCESS_MASK), 2.4.4.1 (ACE_HEADER),
 * 2.4.6 (SECURITY_DESCRIPTOR), and "File Access Rights Constants" of the
 * Win32 documentation.
 */
#ifndef HOLDFAST_SANDBOX_NT_NT_H
#define HOLDFAST_SANDBOX_NT_NT_H

#include <stdint.h>

/* Access masks ---------------------------------------------------------------------------- */

#define NT_FILE_READ_DATA        0x00000001u /* directory: list */
#define NT_FILE_WRITE_DATA       0x00000002u /* directory: add a file */
#define NT_FILE_APPEND_DATA      0x00000004u /* directory: add a subdirectory */
#define NT_FILE_READ_EA          0x00000008u
#define NT_FILE_WRITE_EA         0x00000010u
#define NT_FILE_EXECUTE          0x00000020u /* directory: traverse */
#define NT_FILE_DELETE_CHILD     0x00000040u
#define NT_FILE_READ_ATTRIBUTES  0x00000080u
#define NT_FILE_WRITE_ATTRIBUTES 0x00000100u
#define NT_DELETE                0x00010000u
#define NT_READ_CONTROL          0x00020000u
#define NT_WRITE_DAC             0x00040000u
#define NT_WRITE_OWNER           0x00080000u
#define NT_SYNCHRONIZE           0x00100000u
#define NT_SYSTEM_SECURITY       0x01000000u
#define NT_MAXIMUM_ALLOWED       0x02000000u
#define NT_GENERIC_ALL           0x10000000u
#define NT_GENERIC_EXECUTE       0x20000000u
#define NT_GENERIC_WRITE         0x40000000u
#define NT_GENERIC_READ          0x80000000u
#define NT_GENERIC_BITS          0xf0000000u

#define NT_FILE_GENERIC_READ    0x00120089u
#define NT_FILE_GENERIC_WRITE   0x00120116u
#define NT_FILE_GENERIC_EXECUTE 0x001200a0u
#define NT_FILE_ALL             0x001f01ffu

/* What a generic right means for one type of object ([MS-DTYP] 2.5.3.2, MapGenericMask). */
struct nt_mapping {
    uint32_t read, write, execute, all;
};

extern const struct nt_mapping NT_FILE_MAPPING;

/* The mask with its generic bits replaced by what they mean. */
uint32_t nt_map_generic(uint32_t mask, const struct nt_mapping *mapping);

/* ACEs ------------------------------------------------------------------------------------ */

enum nt_ace_type {
    NT_ACE_ALLOW = 0x00,
    NT_ACE_DENY = 0x01,
    NT_ACE_AUDIT = 0x02,
    NT_ACE_ALARM = 0x03,
    NT_ACE_ALLOW_COMPOUND = 0x04,
    NT_ACE_ALLOW_OBJECT = 0x05,
    NT_ACE_DENY_OBJECT = 0x06,
    NT_ACE_ALLOW_CALLBACK = 0x09,
    NT_ACE_DENY_CALLBACK = 0x0a,
    NT_ACE_ALLOW_CALLBACK_OBJECT = 0x0b,
    NT_ACE_DENY_CALLBACK_OBJECT = 0x0c,
    NT_ACE_AUDIT_CALLBACK = 0x0d,
    NT_ACE_ALARM_CALLBACK = 0x0e,
    NT_ACE_MANDATORY_LABEL = 0x11,
    NT_ACE_RESOURCE_ATTRIBUTE = 0x12,
    NT_ACE_SCOPED_POLICY = 0x13,
    NT_ACE_PROCESS_TRUST = 0x14,
    NT_ACE_ACCESS_FILTER = 0x15,
};

#define NT_OBJECT_INHERIT    0x01u /* OI: files below get it */
#define NT_CONTAINER_INHERIT 0x02u /* CI: directories below get it */
#define NT_NO_PROPAGATE      0x04u /* NP: children only, not theirs */
#define NT_INHERIT_ONLY      0x08u /* IO: not for this object */
#define NT_INHERITED         0x10u /* ID: came from above */
#define NT_CRITICAL          0x20u
#define NT_AUDIT_SUCCESS     0x40u
#define NT_AUDIT_FAILURE     0x80u
#define NT_INHERIT_ALL       (NT_OBJECT_INHERIT | NT_CONTAINER_INHERIT)

/* Mandatory label policies (the mask of such an ACE; [MS-DTYP] 2.4.4.13). */
#define NT_LABEL_NO_WRITE_UP   0x1u
#define NT_LABEL_NO_READ_UP    0x2u
#define NT_LABEL_NO_EXECUTE_UP 0x4u

/* Integrity levels: the last part of S-1-16-n. */
enum nt_integrity {
    NT_INTEGRITY_UNTRUSTED = 0x0000,
    NT_INTEGRITY_LOW = 0x1000,
    NT_INTEGRITY_MEDIUM = 0x2000,
    NT_INTEGRITY_HIGH = 0x3000,
    NT_INTEGRITY_SYSTEM = 0x4000,
};

/* Security descriptor control ([MS-DTYP] 2.4.6) --------------------------------------------- */

#define NT_SD_OWNER_DEFAULTED       0x0001u
#define NT_SD_GROUP_DEFAULTED       0x0002u
#define NT_SD_DACL_PRESENT          0x0004u
#define NT_SD_DACL_DEFAULTED        0x0008u
#define NT_SD_SACL_PRESENT          0x0010u
#define NT_SD_SACL_DEFAULTED        0x0020u
#define NT_SD_DACL_TRUSTED          0x0040u
#define NT_SD_SERVER_SECURITY       0x0080u
#define NT_SD_DACL_INHERIT_REQUIRED 0x0100u
#define NT_SD_SACL_INHERIT_REQUIRED 0x0200u
#define NT_SD_DACL_AUTO_INHERITED   0x0400u
#define NT_SD_SACL_AUTO_INHERITED   0x0800u
#define NT_SD_DACL_PROTECTED        0x1000u
#define NT_SD_SACL_PROTECTED        0x2000u
#define NT_SD_RM_CONTROL            0x4000u
#define NT_SD_SELF_RELATIVE         0x8000u

#endif
