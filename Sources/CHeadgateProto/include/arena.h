/* Memory for one unpacking by protobuf-c: bounded, zeroed, given back all at once. Written by hand. */
#ifndef HEADGATE_ARENA_H
#define HEADGATE_ARENA_H

#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>
#include <stddef.h>

/* Begins an unpacking that may take up to `limit` bytes. The first bytes come from memory that the thread keeps, so that a
 * small message costs no call of malloc. NULL: out of memory. Give back with headgate_arena_end on the same thread.
 *
 * The allocator returns NULL above the limit, upon which protobuf-c fails cleanly. Memory is zeroed, because protobuf-c
 * frees half-built messages through pointers that it may not have set yet. Freeing does nothing. */
ProtobufCAllocator *headgate_arena_begin(size_t limit);

/* Whether an allocation has been refused. */
bool headgate_arena_is_exhausted(const ProtobufCAllocator *allocator);

/* Gives back everything that was allocated, and the allocator. */
void headgate_arena_end(ProtobufCAllocator *allocator);

#endif
