// JSON by RapidJSON (rapidjson-dev), behind a C interface that Swift can import.
//
// A text is parsed once into a tape: one entry for each value and each key, in the order of the text. The entries
// point into the text; only strings with escapes are decoded, into a side arena. Nothing here throws or aborts.
#ifndef HEADGATE_JSON_H
#define HEADGATE_JSON_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum {
  HG_JSON_NULL = 0,
  HG_JSON_FALSE = 1,
  HG_JSON_TRUE = 2,
  HG_JSON_NUMBER = 3,
  HG_JSON_STRING = 4,
  HG_JSON_ARRAY = 5,
  HG_JSON_OBJECT = 6,
};

enum {
  HG_JSON_OK = 0,
  // Not JSON, not UTF-8, or a lone surrogate.
  HG_JSON_SYNTAX = 1,
  HG_JSON_TOO_DEEP = 2,
  // The text or the tape would pass its limit.
  HG_JSON_TOO_LARGE = 3,
  HG_JSON_NO_MEMORY = 4,
  // A fault of this code or of RapidJSON.
  HG_JSON_INTERNAL = 5,
};

enum {
  // The largest text, in bytes; counts and lengths below it fit an entry's 28 bits.
  HG_JSON_MAX_BYTES = (1 << 28) - 1,
  HG_JSON_MAX_DEPTH = 1024,
};

// One value or key.
typedef struct {
  // Bits 0-2: kind. Bit 3: string decoded in the arena. Bits 4-31: array: elements; object: members;
  // decoded string: bytes in the arena.
  uint32_t head;
  // Of the value's first byte in the text. Strings: of the byte after the quotation mark.
  uint32_t offset;
  // Of the value's text in bytes, brackets included. Strings: without the quotation marks.
  uint32_t length;
  // Arrays, objects: index of the entry after the whole value. Decoded strings: where in the arena.
  uint32_t link;
} hg_json_entry;

typedef struct {
  // The caller gives both to hg_json_free. NULL unless the result is HG_JSON_OK; the arena is also NULL when empty.
  hg_json_entry *entries;
  uint8_t *arena;
  size_t entry_count;
  // When the text was refused: at which byte, and what RapidJSON says of it (a constant).
  size_t error_offset;
  const char *error_text;
} hg_json_tape;

// Parses text[0..<length], which starts with the value (no byte order mark). Returns HG_JSON_OK or why not.
// depth_limit: arrays and objects inside each other, at most HG_JSON_MAX_DEPTH. entry_limit: entries of the tape.
int hg_json_parse(
    const uint8_t *text, size_t length, uint32_t depth_limit, size_t entry_limit, hg_json_tape *tape);

// Frees what hg_json_parse handed out; NULL is fine.
void hg_json_free(void *memory);

#ifdef __cplusplus
}
#endif

#endif
