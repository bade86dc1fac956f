#include "json.h"

#include <cstdlib>
#include <cstring>
#include <new>

namespace {
// What a broken invariant of RapidJSON becomes instead of abort().
struct InvariantBroken {};
}  // namespace

#define RAPIDJSON_ASSERT(condition) \
  if (!(condition)) throw InvariantBroken()
#include <rapidjson/error/en.h>
#include <rapidjson/reader.h>

namespace {

// RapidJSON 1.1.0 does not look at what its allocator returns; this one throws, and hg_json_parse catches.
class Allocator {
 public:
  void *Malloc(size_t size) { return size == 0 ? nullptr : checked(std::malloc(size)); }
  void *Realloc(void *old, size_t, size_t size) {
    if (size == 0) {
      std::free(old);
      return nullptr;
    }
    return checked(std::realloc(old, size));
  }
  static void Free(void *memory) { std::free(memory); }

 private:
  static void *checked(void *memory) {
    if (memory == nullptr) throw std::bad_alloc();
    return memory;
  }
};

// Bytes with a length. Past the end it reads as NUL, as RapidJSON expects; a NUL inside ends the parse early, which
// hg_json_parse sees by the position.
class Text {
 public:
  typedef char Ch;
  Text(const char *begin, size_t length) : begin_(begin), position_(begin), end_(begin + length) {}

  Ch Peek() const { return position_ != end_ ? *position_ : '\0'; }
  Ch Take() { return position_ != end_ ? *position_++ : '\0'; }
  size_t Tell() const { return static_cast<size_t>(position_ - begin_); }

  const char *position() const { return position_; }
  const char *end() const { return end_; }
  void moveTo(const char *position) { position_ = position; }

  // For writing in place, which is not done.
  Ch *PutBegin() { throw InvariantBroken(); }
  void Put(Ch) { throw InvariantBroken(); }
  void Flush() { throw InvariantBroken(); }
  size_t PutEnd(Ch *) { throw InvariantBroken(); }

 private:
  const char *begin_;
  const char *position_;
  const char *end_;
};

template <typename Element>
class Buffer {
 public:
  ~Buffer() { std::free(elements_); }

  Element *append(size_t count) {
    if (capacity_ - count_ < count) grow(count);
    Element *first = elements_ + count_;
    count_ += count;
    return first;
  }
  Element &operator[](size_t index) { return elements_[index]; }
  size_t count() const { return count_; }
  void reserve(size_t count) {
    if (capacity_ < count) grow(count - count_);
  }
  Element *release() {
    Element *elements = elements_;
    elements_ = nullptr;
    return elements;
  }

 private:
  void grow(size_t count) {
    size_t capacity = capacity_ * 2 > count_ + count ? capacity_ * 2 : count_ + count;
    void *memory = std::realloc(elements_, capacity * sizeof(Element));
    if (memory == nullptr) throw std::bad_alloc();
    elements_ = static_cast<Element *>(memory);
    capacity_ = capacity;
  }

  Element *elements_ = nullptr;
  size_t count_ = 0;
  size_t capacity_ = 0;
};

const uint32_t kDecoded = 1 << 3;
const int kCountShift = 4;

// Takes RapidJSON's events and writes the tape.
class TapeBuilder {
 public:
  TapeBuilder(Text &text, uint32_t depthLimit, size_t entryLimit)
      : text_(text), depthLimit_(depthLimit), entryLimit_(entryLimit) {}

  bool Null() { return literal(HG_JSON_NULL, 4); }
  bool Bool(bool value) { return value ? literal(HG_JSON_TRUE, 4) : literal(HG_JSON_FALSE, 5); }
  bool StartObject() { return open(HG_JSON_OBJECT); }
  bool StartArray() { return open(HG_JSON_ARRAY); }
  bool EndObject(rapidjson::SizeType members) { return close(members); }
  bool EndArray(rapidjson::SizeType elements) { return close(elements); }

  bool number(size_t start, size_t length) { return add(HG_JSON_NUMBER, start, length, 0); }
  bool plainString(size_t start, size_t length) { return add(HG_JSON_STRING, start, length, 0); }
  bool decodedString(size_t start, size_t length, const char *decoded, size_t decodedLength) {
    size_t place = arena.count();
    std::memcpy(arena.append(decodedLength), decoded, decodedLength);
    return add(
        HG_JSON_STRING | kDecoded | static_cast<uint32_t>(decodedLength) << kCountShift, start, length,
        static_cast<uint32_t>(place));
  }

  // Never sent: numbers and strings come by the functions above.
  bool Int(int) { throw InvariantBroken(); }
  bool Uint(unsigned) { throw InvariantBroken(); }
  bool Int64(int64_t) { throw InvariantBroken(); }
  bool Uint64(uint64_t) { throw InvariantBroken(); }
  bool Double(double) { throw InvariantBroken(); }
  bool RawNumber(const char *, rapidjson::SizeType, bool) { throw InvariantBroken(); }
  bool String(const char *, rapidjson::SizeType, bool) { throw InvariantBroken(); }
  bool Key(const char *, rapidjson::SizeType, bool) { throw InvariantBroken(); }

  Buffer<hg_json_entry> entries;
  Buffer<uint8_t> arena;
  // Why an event was refused.
  int refusal = HG_JSON_INTERNAL;

 private:
  bool literal(uint32_t kind, size_t length) { return add(kind, text_.Tell() - length, length, 0); }

  bool add(uint32_t head, size_t start, size_t length, uint32_t link) {
    if (entries.count() >= entryLimit_) {
      refusal = HG_JSON_TOO_LARGE;
      return false;
    }
    *entries.append(1) = {head, static_cast<uint32_t>(start), static_cast<uint32_t>(length), link};
    return true;
  }

  bool open(uint32_t kind) {
    if (depth_ >= depthLimit_) {
      refusal = HG_JSON_TOO_DEEP;
      return false;
    }
    open_[depth_++] = static_cast<uint32_t>(entries.count());
    return add(kind, text_.Tell(), 0, 0);
  }

  bool close(uint32_t count) {
    hg_json_entry &entry = entries[open_[--depth_]];
    entry.head |= count << kCountShift;
    entry.length = static_cast<uint32_t>(text_.Tell() + 1 - entry.offset);
    entry.link = static_cast<uint32_t>(entries.count());
    return true;
  }

  Text &text_;
  uint32_t depthLimit_;
  size_t entryLimit_;
  uint32_t depth_ = 0;
  uint32_t open_[HG_JSON_MAX_DEPTH];
};

const unsigned kFlags =
    rapidjson::kParseIterativeFlag | rapidjson::kParseNumbersAsStringsFlag | rapidjson::kParseValidateEncodingFlag;
typedef rapidjson::UTF8<> Encoding;
typedef rapidjson::GenericReader<Encoding, Encoding, Allocator> TapeReader;

bool isDigit(char c) { return c >= '0' && c <= '9'; }

// Whether UTF-8 that RapidJSON made of escapes holds a surrogate: it lets a lone low one (\uDC00) pass. One that stood
// in the text as bytes has been refused by the encoding validation.
bool holdsSurrogate(const char *bytes, size_t length) {
  const char *end = bytes + length;
  while ((bytes = static_cast<const char *>(std::memchr(bytes, 0xED, static_cast<size_t>(end - bytes))))) {
    if (end - bytes > 1 && static_cast<unsigned char>(bytes[1]) >= 0xA0) return true;
    bytes += 1;
  }
  return false;
}

}  // namespace

namespace rapidjson {

// RapidJSON 1.1.0 refuses numbers beyond a double's range even when it is to hand them over as text, so a number's
// grammar (RFC 8259 §6) is read here. That also copies no digits.
template <>
template <>
void TapeReader::ParseNumber<kFlags, Text, TapeBuilder>(Text &text, TapeBuilder &tape) {
  size_t start = text.Tell();
  const char *p = text.position();
  const char *end = text.end();
  ParseErrorCode error = kParseErrorNone;
  if (p != end && *p == '-') p++;
  if (p == end || !isDigit(*p)) {
    error = kParseErrorValueInvalid;
  } else {
    if (*p == '0') {
      p++;
    } else {
      while (p != end && isDigit(*p)) p++;
    }
    if (p != end && *p == '.') {
      p++;
      if (p == end || !isDigit(*p)) error = kParseErrorNumberMissFraction;
      while (p != end && isDigit(*p)) p++;
    }
    if (error == kParseErrorNone && p != end && (*p == 'e' || *p == 'E')) {
      p++;
      if (p != end && (*p == '+' || *p == '-')) p++;
      if (p == end || !isDigit(*p)) error = kParseErrorNumberMissExponent;
      while (p != end && isDigit(*p)) p++;
    }
  }
  text.moveTo(p);
  if (error != kParseErrorNone) {
    SetParseError(error, text.Tell());
  } else if (!tape.number(start, text.Tell() - start)) {
    SetParseError(kParseErrorTermination, start);
  }
}

// Strings of plain ASCII, nearly all, need no decoding and are not copied; the others go RapidJSON's way.
template <>
template <>
void TapeReader::ParseString<kFlags, Text, TapeBuilder>(Text &text, TapeBuilder &tape, bool) {
  text.Take();  // The quotation mark.
  size_t start = text.Tell();
  const char *first = text.position();
  const char *p = first;
  const char *end = text.end();
  // As a signed char, so that 0x80 and above end the loop too.
  while (p != end && static_cast<signed char>(*p) >= 0x20 && *p != '"' && *p != '\\') p++;
  bool added;
  if (p != end && *p == '"') {
    text.moveTo(p + 1);
    added = tape.plainString(start, static_cast<size_t>(p - first));
  } else {
    StackStream<char> stream(stack_);
    ParseStringToStream<kFlags, Encoding, Encoding>(text, stream);
    if (HasParseError()) return;
    size_t length = text.Tell() - 1 - start;
    size_t decodedLength = stream.Length() - 1;
    const char *decoded = stream.Pop();
    // An escape is always longer than what it stands for.
    if (decodedLength == length) {
      added = tape.plainString(start, length);
    } else if (holdsSurrogate(decoded, decodedLength)) {
      SetParseError(kParseErrorStringUnicodeSurrogateInvalid, start);
      return;
    } else {
      added = tape.decodedString(start, length, decoded, decodedLength);
    }
  }
  if (!added) SetParseError(kParseErrorTermination, start);
}

}  // namespace rapidjson

static int parse(Text &text, size_t length, TapeBuilder &tape, hg_json_tape *result) {
  Allocator allocator;
  TapeReader reader(&allocator);
  rapidjson::ParseResult parsed = reader.Parse<kFlags>(text, tape);
  rapidjson::ParseErrorCode code = parsed.Code();
  if (code == rapidjson::kParseErrorNone && text.Tell() != length) code = rapidjson::kParseErrorDocumentRootNotSingular;
  if (code == rapidjson::kParseErrorNone) {
    result->entry_count = tape.entries.count();
    result->entries = tape.entries.release();
    result->arena = tape.arena.release();
    return HG_JSON_OK;
  }
  result->error_offset = parsed.Code() == rapidjson::kParseErrorNone ? text.Tell() : parsed.Offset();
  if (code == rapidjson::kParseErrorTermination) return tape.refusal;
  result->error_text = rapidjson::GetParseError_En(code);
  return HG_JSON_SYNTAX;
}

extern "C" int hg_json_parse(
    const uint8_t *bytes, size_t length, uint32_t depth_limit, size_t entry_limit, hg_json_tape *result) {
  *result = hg_json_tape{};
  result->error_text = "";
  if (length > HG_JSON_MAX_BYTES) return HG_JSON_TOO_LARGE;
  if (depth_limit > HG_JSON_MAX_DEPTH) depth_limit = HG_JSON_MAX_DEPTH;
  if (length == 0) bytes = reinterpret_cast<const uint8_t *>("");
  try {
    Text text(reinterpret_cast<const char *>(bytes), length);
    TapeBuilder tape(text, depth_limit, entry_limit);
    // Most documents have an entry for each 8 to 16 bytes.
    tape.entries.reserve(length / 12 + 8);
    return parse(text, length, tape, result);
  } catch (const std::bad_alloc &) {
    return HG_JSON_NO_MEMORY;
  } catch (...) {
    return HG_JSON_INTERNAL;
  }
}

extern "C" void hg_json_free(void *memory) { std::free(memory); }
