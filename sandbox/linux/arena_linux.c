/*
 * The launcher's own malloc: it lives for a millisecond before the command
 * does, and every page the C library's allocator spreads over costs it 2 to 3
 * microseconds each. Memory is handed out in a row; free gives back only the
 * newest block. A run needs some kilobytes, read once and never again.
 *
 * Only in the static musl program, where a program may bring its own malloc.
 * Nothing that lives long may allocate in a loop: the session server does not
 * (session_serve.c).
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#if defined(HOLDFAST_MUSL)

enum {
    FIRST_CHUNK = 12 * 1024,
    CHUNK = 1024 * 1024,
    ALIGNMENT = 16
};

struct block {
    size_t size; /* of what follows */
    size_t unused;
};

static _Alignas(ALIGNMENT) char first_chunk[FIRST_CHUNK];
static char *chunk = first_chunk;
static size_t chunk_size = FIRST_CHUNK;
static size_t chunk_used;

static struct block *block_of(void *pointer)
{
    return (struct block *)pointer - 1;
}

static int new_chunk(size_t needed)
{
    size_t size = needed > CHUNK ? (needed + CHUNK - 1) / CHUNK * CHUNK : CHUNK;
    void *fresh = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (fresh == MAP_FAILED)
        return -1;
    chunk = fresh;
    chunk_size = size;
    chunk_used = 0;
    return 0;
}

void *malloc(size_t size)
{
    size_t needed;
    struct block *block;

    if (size > SIZE_MAX / 2)
        return NULL;
    size = size > 0 ? (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT : ALIGNMENT;
    needed = size + sizeof *block;
    if (chunk_size - chunk_used < needed && new_chunk(needed) < 0)
        return NULL;
    block = (struct block *)(void *)(chunk + chunk_used);
    block->size = size;
    chunk_used += needed;
    return block + 1;
}

void free(void *pointer)
{
    struct block *block;

    if (pointer == NULL)
        return;
    block = block_of(pointer);
    if ((char *)pointer + block->size == chunk + chunk_used)
        chunk_used -= block->size + sizeof *block;
}

/* Zeroed by hand: memory that was given back is handed out again. */
void *calloc(size_t count, size_t size)
{
    void *pointer;

    if (size > 0 && count > SIZE_MAX / 2 / size)
        return NULL;
    pointer = malloc(count * size);
    if (pointer != NULL)
        memset(pointer, 0, count * size);
    return pointer;
}

void *realloc(void *pointer, size_t size)
{
    size_t old = pointer != NULL ? block_of(pointer)->size : 0;
    void *grown;

    if (pointer != NULL && size <= old)
        return pointer;
    grown = malloc(size);
    if (grown != NULL && pointer != NULL)
        memcpy(grown, pointer, old);
    return grown;
}

#else

typedef int arena_is_empty;

#endif
