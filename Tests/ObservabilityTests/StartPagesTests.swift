import Testing

@testable import Observability

@Suite struct StartPagesTests {
  @Test(arguments: [
    "", "Size:               4 kB", "VmFlags: rd ex mr mw me sd", "x-y r-xp 00000000 fe:00 1 /a",
    "2000-1000 r-xp 00000000 fe:00 1 /a",
    "1000-1000 r-xp 0 fe:00 1 /a", "1000 r-xp 00000000 fe:00 1 /a", "-1000 r-xp 00000000 fe:00 1 /a",
  ])
  func anotherLineIsNoMapping(text: String) {
    #expect(FileMapping(text.utf8) == nil)
  }

  /// What can be written, is shared, or is of no file has contents that are nowhere else.
  @Test(arguments: [
    ("55601166d000-55601228c000 r-xp 00000000 fe:00 1427827                    /usr/bin/program", true),
    ("55601166d000-55601228c000 r--p 00000000 fe:00 1427827                    /usr/bin/a program", true),
    ("55601166d000-55601228c000 rw-p 00000000 fe:00 1427827                    /usr/bin/program", false),
    ("55601166d000-55601228c000 r--s 00000000 fe:00 1427827                    /usr/bin/program", false),
    ("7ffff7fc1000-7ffff7fc5000 r--p 00000000 00:00 0                          [vvar]", false),
    ("7ffff7fc1000-7ffff7fc5000 ---p 00000000 00:00 0 ", false),
    ("7ffff7fc1000-7ffff7fc5000 r--p 00000000 00:00 0", false),
  ])
  func tellsWhichMappingsHoldWhatTheirFilesHold(text: String, isUnwritable: Bool) throws {
    let mapping = try #require(FileMapping("\(text)\n".utf8))
    #expect(mapping.isUnwritable == isUnwritable)
    #expect(mapping.range.upperBound > mapping.range.lowerBound)
  }

  #if os(Linux)
    /// The resident set is smaller, and the program goes on with all it has.
    @Test func releasesWhatTheStartHasTouched() throws {
      let before = try #require(ProcessReading.residentBytes)
      StartPages.release()
      let after = try #require(ProcessReading.residentBytes)
      #expect(after < before)
    }
  #endif
}
