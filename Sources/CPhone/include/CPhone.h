// Phone numbers by libphonenumber (libphonenumber-dev), behind a C interface that Swift can import. Nothing here throws or aborts;
// every function may be called from any thread.
#ifndef HEADGATE_PHONE_H
#define HEADGATE_PHONE_H

#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

enum {
  // Room for "+" and 15 digits (ITU-T E.164 §6.1), and some more for what the library may think of.
  HG_PHONE_ROOM = 32,

  HG_PHONE_NOT_A_NUMBER = -1,
  // It has no country, and no region, or no known one, was given.
  HG_PHONE_NO_COUNTRY = -2,
  HG_PHONE_TOO_SHORT = -3,
  HG_PHONE_TOO_LONG = -4,
  // No number of the country has this length.
  HG_PHONE_WRONG_LENGTH = -5,
  // It was written without a country code and is no number of the region.
  HG_PHONE_NOT_OF_REGION = -6,
  // A fault of this code or of the library.
  HG_PHONE_INTERNAL = -7,
};

// Writes the number as "+" and digits into `out`, which has HG_PHONE_ROOM bytes.
// text: UTF-8. region: ISO 3166-1 alpha-2 in upper case, ended by NUL; "": none.
// Returns the count of bytes written, or one of the numbers above.
int hg_phone_e164(const char *text, size_t length, const char *region, char *out);

// Whether the library knows numbers of the region.
bool hg_phone_knows_region(const char *region);

#ifdef __cplusplus
}
#endif

#endif
