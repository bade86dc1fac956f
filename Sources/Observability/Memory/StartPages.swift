import Synchronization

#if canImport(Glibc)
  import Glibc
#endif

/// Pages of programs and libraries that only the start needed.
package enum StartPages {
  /// For how long after the last step of a start its pages are left alone.
  package static let graceMilliseconds: Int64 = 250

  private static let isReleased = Atomic<Bool>(false)

  /// Takes pages that came from files, and are as the files have them, out of the resident set.
  ///
  /// Reading options, relocating, looking up conformances and loading certificates touch most of a program once. What is needed
  /// again is mapped again from the page cache when it is used, at a microsecond or so for 16 pages; the rest is the kernel's to
  /// use. Nothing can be lost: only mappings that cannot be written are looked at, and of these only such in which no page
  /// differs from its file (proc_pid_smaps(5): no anonymous page; madvise(2), MADV_DONTNEED).
  ///
  /// Takes some milliseconds. Does nothing when called again (a connection that is made anew under load is no start), and where
  /// there is no /proc/self/smaps.
  package static func release() {
    #if canImport(Glibc)
      guard !isReleased.exchange(true, ordering: .relaxed) else { return }
      for mapping in unchangedMappings() {
        // SAFETY: the range was mapped when it was read, belongs to a file, and no page of it has contents of its own. A library
        // unloaded meanwhile would only make the call fail, or take pages of another file mapping out that come back the same way.
        _ = madvise(UnsafeMutableRawPointer(bitPattern: mapping.lowerBound), Int(mapping.count), MADV_DONTNEED)
      }
    #endif
  }

  #if canImport(Glibc)
    private static func unchangedMappings() -> [Range<UInt>] {
      guard let file = fopen("/proc/self/smaps", "re") else { return [] }
      defer { fclose(file) }
      var text: UnsafeMutablePointer<CChar>?
      var capacity = 0
      defer { free(text) }
      var found: [Range<UInt>] = []
      var candidate: Range<UInt>?
      // SAFETY: getline keeps `text` pointing to at least as many bytes as it returns, and a zero after them.
      while case let count = getline(&text, &capacity, file), count > 0, let text {
        let line = UnsafeRawBufferPointer(start: text, count: count)
        if let mapping = FileMapping(line) {
          candidate = mapping.isUnwritable ? mapping.range : nil
        } else if line.starts(with: "Anonymous:".utf8) {
          let isUnchanged = line.dropFirst(10).drop { $0 == UInt8(ascii: " ") }.starts(with: "0 kB".utf8)
          if let candidate, isUnchanged { found.append(candidate) }
          candidate = nil
        }
      }
      return found
    }
  #endif
}

/// The first line of a mapping in /proc/PID/smaps: "55601166d000-55601228c000 r-xp 00000000 fe:00 1427827   /usr/bin/program".
struct FileMapping: Equatable {
  /// Addresses.
  let range: Range<UInt>
  /// It is private, cannot be written, and is of a file.
  let isUnwritable: Bool

  /// `nil`: another line.
  init?(_ line: some Sequence<UInt8>) {
    let fields = Array(line).split(maxSplits: 5, omittingEmptySubsequences: true) { $0 == UInt8(ascii: " ") }
    guard fields.count >= 5, let dash = fields[0].firstIndex(of: UInt8(ascii: "-")),
      let start = UInt(String(decoding: fields[0][..<dash], as: UTF8.self), radix: 16),
      let end = UInt(String(decoding: fields[0][(dash + 1)...], as: UTF8.self), radix: 16), start < end
    else { return nil }
    range = start..<end
    let permissions = Array(fields[1])
    let path = fields.count == 6 ? fields[5].drop { $0 == UInt8(ascii: " ") } : []
    isUnwritable =
      permissions.count == 4 && permissions[1] != UInt8(ascii: "w") && permissions[3] == UInt8(ascii: "p")
      && path.first == UInt8(ascii: "/")
  }
}
