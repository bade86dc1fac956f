#include "arena.h"

#include <stdalign.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum {
  /* Enough for a webhook of 8 KB with its headers. */
  kept_bytes = 16 * 1024,
  /* Smallest further chunk; each is twice the one before. */
  chunk_bytes = 64 * 1024,
};

struct chunk {
  alignas(max_align_t) struct chunk *before;
};

struct arena {
  ProtobufCAllocator allocator; /* First: the arena's address is the allocator's. */
  unsigned char *next;
  size_t left; /* Bytes from `next` to the end of its chunk. */
  size_t limit;
  size_t used;
  size_t next_chunk;
  struct chunk *chunks;
  bool exhausted;
  bool borrows_kept;
};

static _Thread_local alignas(max_align_t) unsigned char kept[kept_bytes];
static _Thread_local struct arena kept_arena;
static _Thread_local bool kept_in_use;

static void *allocate(void *context, size_t size) {
  struct arena *arena = context;
  if (size > arena->limit - arena->used) {
    arena->exhausted = true;
    return NULL;
  }
  /* The limit is far below SIZE_MAX, so rounding cannot wrap. */
  size_t rounded = (size + alignof(max_align_t) - 1) & ~(alignof(max_align_t) - 1);
  if (rounded > arena->left) {
    size_t capacity = rounded > arena->next_chunk ? rounded : arena->next_chunk;
    struct chunk *chunk = malloc(sizeof(struct chunk) + capacity);
    if (chunk == NULL) {
      arena->exhausted = true;
      return NULL;
    }
    chunk->before = arena->chunks;
    arena->chunks = chunk;
    arena->next = (unsigned char *)(chunk + 1);
    arena->left = capacity;
    arena->next_chunk *= 2;
  }
  void *memory = arena->next;
  arena->next += rounded;
  arena->left -= rounded;
  arena->used = rounded > arena->limit - arena->used ? arena->limit : arena->used + rounded;
  return memset(memory, 0, size);
}

static void release(void *context, void *memory) {
  (void)context;
  (void)memory;
}

ProtobufCAllocator *headgate_arena_begin(size_t limit) {
  struct arena *arena;
  if (kept_in_use) {
    arena = malloc(sizeof(struct arena));
    if (arena == NULL) return NULL;
    memset(arena, 0, sizeof(struct arena));
  } else {
    kept_in_use = true;
    arena = &kept_arena;
    memset(arena, 0, sizeof(struct arena));
    arena->next = kept;
    arena->left = kept_bytes;
    arena->borrows_kept = true;
  }
  arena->limit = limit > SIZE_MAX / 4 ? SIZE_MAX / 4 : limit;
  arena->next_chunk = chunk_bytes;
  arena->allocator.alloc = allocate;
  arena->allocator.free = release;
  arena->allocator.allocator_data = arena;
  return &arena->allocator;
}

bool headgate_arena_is_exhausted(const ProtobufCAllocator *allocator) {
  return ((const struct arena *)allocator)->exhausted;
}

void headgate_arena_end(ProtobufCAllocator *allocator) {
  struct arena *arena = (struct arena *)allocator;
  struct chunk *chunk = arena->chunks;
  while (chunk != NULL) {
    struct chunk *before = chunk->before;
    free(chunk);
    chunk = before;
  }
  if (arena->borrows_kept) {
    kept_in_use = false;
  } else {
    free(arena);
  }
}
