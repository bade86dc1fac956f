import Testing

@testable import JSON

/// JSONTestSuite: what must be accepted, what must be refused, and what we decided where RFC 8259 leaves it open.
@Suite(.enabled(if: Corpora.isPresent("JSONTestSuite"), "the corpora are not beside the repository"))
struct SuiteCorpusTests {
  private static let folder = "JSONTestSuite/test_parsing"

  @Test func refusesWhatIsNotJSON() throws {
    let files = try Corpora.files(Self.folder, prefix: "n_")
    #expect(files.count == 188)
    for file in files {
      let bytes = try Corpora.bytes("\(Self.folder)/\(file)")
      #expect(throws: JSONError.self, "\(file)") { try JSONDocument(bytes) }
    }
  }

  @Test func acceptsWhatIsJSON() throws {
    let files = try Corpora.files(Self.folder, prefix: "y_")
    #expect(files.count == 95)
    for file in files {
      let bytes = try Corpora.bytes("\(Self.folder)/\(file)")
      #expect(throws: Never.self, "\(file)") { try JSONDocument(bytes) }
    }
  }

  /// Numbers are text, so any size is accepted. Text is UTF-8 without surrogates, in bytes and in escapes: what is stored
  /// and handed to workers must be text that every language can hold. 500 levels are beyond the depth limit.
  private static let accepted: Set<String> = [
    "i_number_double_huge_neg_exp", "i_number_huge_exp", "i_number_neg_int_huge_exp", "i_number_pos_double_huge_exp",
    "i_number_real_neg_overflow", "i_number_real_pos_overflow", "i_number_real_underflow", "i_number_too_big_neg_int",
    "i_number_too_big_pos_int", "i_number_very_big_negative_int",
  ]
  private static let refused: Set<String> = [
    "i_object_key_lone_2nd_surrogate", "i_string_1st_surrogate_but_2nd_missing", "i_string_1st_valid_surrogate_2nd_invalid",
    "i_string_UTF-16LE_with_BOM", "i_string_UTF-8_invalid_sequence", "i_string_UTF8_surrogate_U+D800",
    "i_string_incomplete_surrogate_and_escape_valid", "i_string_incomplete_surrogate_pair",
    "i_string_incomplete_surrogates_escape_valid", "i_string_invalid_lonely_surrogate", "i_string_invalid_surrogate",
    "i_string_invalid_utf-8", "i_string_inverted_surrogates_U+1D11E", "i_string_iso_latin_1",
    "i_string_lone_second_surrogate", "i_string_lone_utf8_continuation_byte", "i_string_not_in_unicode_range",
    "i_string_overlong_sequence_2_bytes", "i_string_overlong_sequence_6_bytes", "i_string_overlong_sequence_6_bytes_null",
    "i_string_truncated-utf-8", "i_string_utf16BE_no_BOM", "i_string_utf16LE_no_BOM", "i_structure_500_nested_arrays",
    "i_structure_UTF-8_BOM_empty_object",
  ]

  @Test func decidesTheRestAsFixedHere() throws {
    let files = try Corpora.files(Self.folder, prefix: "i_").map { String($0.dropLast(5)) }
    #expect(Set(files) == Self.accepted.union(Self.refused))
    #expect(files.count == 35)
    for file in files {
      let bytes = try Corpora.bytes("\(Self.folder)/\(file).json")
      let isAccepted = (try? JSONDocument(bytes)) != nil
      #expect(isAccepted == Self.accepted.contains(file), "\(file)")
    }
  }
}

/// The big list of naughty strings: what is written is read back unchanged.
@Suite(.enabled(if: Corpora.isPresent("blns"), "the corpora are not beside the repository"))
struct NaughtyStringTests {
  @Test func survivesTheWayThere() throws {
    let list = try JSONDocument(try Corpora.bytes("blns/blns.json")).root
    #expect(list.count > 500)
    for element in list.elements {
      let bytes = try #require(element.stringBytes)
      var writer = JSONWriter()
      writer.beginObject()
      writer.key(bytes)
      writer.string(bytes)
      writer.endObject()
      let again = try JSONDocument(writer.bytes).root
      #expect(again[bytes]?.stringBytes == bytes)
      #expect(again[bytes]?.equals(bytes) == true)
    }
  }
}
