#include "base/test.h"

#include <string.h>

#include "base/auto.h"
#include "sandbox/nt/tree.h"

#define USER  "S-1-5-21-1-2-3-1001"
#define OTHER "S-1-5-21-1-2-3-1002"

/* A volume where USER has a home like a stock profile, and OTHER is a second ordinary account. */
struct world {
    struct nt_tree *tree;
    struct nt_token user, other;
    struct nt_actor as_user, as_other;
};

static void make_token(struct nt_token *token, const char *sid)
{
    struct error err = {0};

    *token = NT_TOKEN_EMPTY;
    token->privileges = NT_PRIVILEGE_CHANGE_NOTIFY;
    cr_assert_eq(nt_sid_parse(sid, &token->user, &err), 0);
    token->primary_group = NT_USERS;
    cr_assert_eq(nt_token_add_group(token, &NT_EVERYONE, NT_GROUP_USUAL, &err), 0);
    cr_assert_eq(nt_token_add_group(token, &NT_USERS, NT_GROUP_USUAL, &err), 0);
}

static void add(struct world *w, const char *path, bool is_directory, const char *sddl)
{
    struct error err = {0};

    cr_assert_not_null(nt_tree_add(w->tree, path, is_directory, &w->user, sddl, &err), "%s",
                       err.message);
}

static void open_world(struct world *w)
{
    struct error err = {0};

    w->tree = nt_tree_new("O:SYG:SYD:PAI(A;OICI;FA;;;SY)(A;OICI;0x1200a9;;;BU)", &err);
    cr_assert_not_null(w->tree, "%s", err.message);
    make_token(&w->user, USER);
    make_token(&w->other, OTHER);
    w->as_user = (struct nt_actor){.token = &w->user};
    w->as_other = (struct nt_actor){.token = &w->other};
    add(w, "home", true, "O:" USER "G:BUD:PAI(A;OICI;FA;;;SY)(A;OICI;FA;;;" USER ")");
    add(w, "home\\file", false, NULL);
    add(w, "home\\dir", true, NULL);
    add(w, "home\\dir\\deep", false, NULL);
}

static void close_world(struct world *w)
{
    nt_tree_free(w->tree);
    nt_token_done(&w->user);
    nt_token_done(&w->other);
}

Test(tree, owner_works_and_stranger_does_not)
{
    struct world w;

    open_world(&w);
    cr_assert_eq(nt_try_write(w.tree, &w.as_user, "home\\file"), NT_DONE);
    cr_assert_eq(nt_try_write(w.tree, &w.as_other, "home\\file"), NT_REFUSED);
    cr_assert_eq(nt_try_create(w.tree, &w.as_other, "home\\new", false), NT_REFUSED);
    cr_assert_eq(nt_try_create(w.tree, &w.as_user, "home\\new", true), NT_DONE);
    cr_assert_eq(nt_try_create(w.tree, &w.as_user, "HOME\\NEW", false), NT_TAKEN);
    cr_assert_eq(nt_try_write(w.tree, &w.as_user, "home\\none"), NT_MISSING);
    close_world(&w);
}

/* [MS-FSA] 2.1.5.1.2.1; Microsoft knowledge base Q238018. */
Test(tree, delete_needs_delete_or_the_parents_delete_child)
{
    struct world w;

    open_world(&w);
    add(&w, "home\\locked", false, "O:SYG:SYD:P(A;;FR;;;WD)");
    cr_assert_eq(nt_try_write(w.tree, &w.as_user, "home\\locked"), NT_REFUSED);
    cr_assert_eq(nt_try_delete(w.tree, &w.as_user, "home\\locked"), NT_DONE,
                 "full control of the directory includes FILE_DELETE_CHILD");
    add(&w, "public", true, "O:SYG:SYD:P(A;;0x1301bf;;;BU)");
    add(&w, "public\\theirs", false, "O:SYG:SYD:P(A;;FR;;;WD)");
    add(&w, "public\\deletable", false, "O:SYG:SYD:P(A;;SD;;;BU)");
    cr_assert_eq(nt_try_delete(w.tree, &w.as_user, "public\\theirs"), NT_REFUSED);
    cr_assert_eq(nt_try_delete(w.tree, &w.as_user, "public\\deletable"), NT_DONE);
    close_world(&w);
}

Test(tree, attributes_can_be_read_through_the_directory)
{
    struct world w;

    open_world(&w);
    add(&w, "home\\mute", false, "O:SYG:SYD:P");
    cr_assert_eq(nt_try_open(w.tree, &w.as_user, "home\\mute", NT_FILE_READ_ATTRIBUTES), NT_DONE);
    cr_assert_eq(nt_try_open(w.tree, &w.as_user, "home\\mute", NT_FILE_READ_DATA), NT_REFUSED);
    close_world(&w);
}

Test(tree, only_empty_directories_are_deleted)
{
    struct world w;

    open_world(&w);
    cr_assert_eq(nt_try_delete(w.tree, &w.as_user, "home\\dir"), NT_NOT_EMPTY);
    cr_assert_eq(nt_try_delete(w.tree, &w.as_user, "home\\dir\\deep"), NT_DONE);
    cr_assert_eq(nt_try_delete(w.tree, &w.as_user, "home\\dir"), NT_DONE);
    close_world(&w);
}

Test(tree, rename_keeps_the_descriptor_and_takes_the_children)
{
    struct world w;
    struct nt_object *deep;

    open_world(&w);
    deep = nt_tree_find(w.tree, "home\\dir\\deep")->object;
    cr_assert_eq(nt_try_rename(w.tree, &w.as_user, "home\\dir", "home\\moved"), NT_DONE);
    cr_assert_eq(nt_tree_find(w.tree, "home\\moved\\deep")->object, deep);
    cr_assert_null(nt_tree_find(w.tree, "home\\dir"));
    cr_assert_eq(nt_try_rename(w.tree, &w.as_user, "home\\moved", "home\\moved\\x"), NT_IMPOSSIBLE);
    cr_assert_eq(nt_try_rename(w.tree, &w.as_user, "home\\moved", "home\\file"), NT_DONE,
                 "a file in the way is replaced");
    close_world(&w);
}

Test(tree, a_held_object_is_neither_deleted_nor_moved_nor_its_directory_renamed)
{
    struct world w;

    open_world(&w);
    nt_tree_find(w.tree, "home\\dir\\deep")->object->held++;
    cr_assert_eq(nt_try_delete(w.tree, &w.as_user, "home\\dir\\deep"), NT_SHARING);
    cr_assert_eq(nt_try_rename(w.tree, &w.as_user, "home\\dir\\deep", "home\\x"), NT_SHARING);
    cr_assert_eq(nt_try_rename(w.tree, &w.as_user, "home\\dir", "home\\x"), NT_SHARING);
    cr_assert_eq(nt_try_write(w.tree, &w.as_user, "home\\dir\\deep"), NT_DONE);
    close_world(&w);
}

/* "CreateHardLink": all names of a file share one descriptor. */
Test(tree, a_hard_link_is_the_same_object)
{
    struct world w;

    open_world(&w);
    cr_assert_eq(nt_try_link(w.tree, &w.as_user, "home\\file", "home\\link"), NT_DONE);
    cr_assert_eq(nt_tree_find(w.tree, "home\\link")->object,
                 nt_tree_find(w.tree, "home\\file")->object);
    cr_assert_eq(nt_tree_find(w.tree, "home\\link")->object->links, 2u);
    cr_assert_eq(nt_try_delete(w.tree, &w.as_user, "home\\file"), NT_DONE);
    cr_assert_eq(nt_tree_find(w.tree, "home\\link")->object->links, 1u);
    cr_assert_eq(nt_try_link(w.tree, &w.as_user, "home\\dir", "home\\dirlink"), NT_IMPOSSIBLE);
    cr_assert_eq(nt_try_link(w.tree, &w.as_other, "home\\link", "home\\x"), NT_REFUSED);
    close_world(&w);
}

/* [MS-FSA] 2.1.5.15.6, ReplaceIfExists: by whoever may delete what has the name. */
Test(tree, a_hard_link_takes_the_place_of_what_may_be_deleted)
{
    struct world w;

    open_world(&w);
    add(&w, "public", true, "O:SYG:SYD:P(A;;0x1301bf;;;BU)");
    add(&w, "public\\theirs", false, "O:SYG:SYD:P(A;;FR;;;WD)");
    add(&w, "public\\deletable", false, "O:SYG:SYD:P(A;;SD;;;BU)");
    cr_assert_eq(nt_try_link(w.tree, &w.as_user, "home\\file", "public\\theirs"), NT_REFUSED);
    cr_assert_eq(nt_try_link(w.tree, &w.as_user, "home\\file", "public\\deletable"), NT_DONE);
    cr_assert_eq(nt_tree_find(w.tree, "public\\deletable")->object,
                 nt_tree_find(w.tree, "home\\file")->object);
    cr_assert_eq(nt_try_link(w.tree, &w.as_user, "home\\file", "home\\file"), NT_TAKEN);
    nt_tree_find(w.tree, "home\\dir\\deep")->object->held = 1;
    cr_assert_eq(nt_try_link(w.tree, &w.as_user, "home\\file", "home\\dir\\deep"), NT_SHARING);
    close_world(&w);
}

Test(tree, owner_may_change_the_dacl)
{
    struct world w;

    open_world(&w);
    cr_assert_eq(nt_try_set_dacl(w.tree, &w.as_other, "home\\file", "D:(A;;FA;;;WD)"), NT_REFUSED);
    cr_assert_eq(nt_try_set_dacl(w.tree, &w.as_user, "home\\file", "D:(A;;FA;;;WD)"), NT_DONE);
    cr_assert_eq(nt_try_write(w.tree, &w.as_other, "home\\file"), NT_DONE);
    close_world(&w);
}

Test(tree, traversal_is_checked_only_without_the_privilege)
{
    struct world w;

    open_world(&w);
    add(&w, "home\\shared", false, "O:SYG:SYD:P(A;;FA;;;WD)");
    cr_assert_eq(nt_try_write(w.tree, &w.as_other, "home\\shared"), NT_DONE,
                 "a closed directory on the way does not matter");
    w.other.privileges = 0;
    cr_assert_eq(nt_try_write(w.tree, &w.as_other, "home\\shared"), NT_REFUSED);
    close_world(&w);
}

Test(tree, nothing_is_reached_through_a_reparse_point)
{
    struct world w;

    open_world(&w);
    nt_tree_find(w.tree, "home\\dir")->object->is_reparse = true;
    cr_assert_null(nt_tree_find(w.tree, "home\\dir\\deep"));
    cr_assert_eq(nt_try_create(w.tree, &w.as_user, "home\\dir\\new", false), NT_MISSING);
    close_world(&w);
}

Test(tree, walk_visits_everything_once_and_dump_tells_volumes_apart)
{
    struct world w;
    struct error err = {0};
    unsigned count = 0;
    AUTO_FREE char *before = NULL;
    AUTO_FREE char *after = NULL;
    AUTO_FREE char *path = NULL;

    open_world(&w);
    before = nt_tree_dump(w.tree, &err);
    for (struct nt_entry *at = w.tree->root; at != NULL; at = nt_tree_next(w.tree->root, at))
        count++;
    cr_assert_eq(count, 5u);
    path = nt_tree_path(nt_tree_find(w.tree, "home\\dir\\deep"));
    cr_assert_str_eq(path, "home\\dir\\deep");
    cr_assert_eq(nt_try_write(w.tree, &w.as_user, "home\\file"), NT_DONE);
    after = nt_tree_dump(w.tree, &err);
    cr_assert_neq(strcmp(before, after), 0);
    close_world(&w);
}
