import ArgumentParser

/// Reads lists page by page.
enum Paging {
  /// The most that the control plane gives at once.
  static let maximumPage = 1000

  /// Reads up to `limit` elements (`nil`: all), beginning at `cursor`.
  ///
  /// - Parameters:
  ///   - page: asks for one page.
  ///   - deliver: is given each page as it arrives.
  ///   - goesOnWhenEmpty: an empty page with a cursor means that the search is to go on, as with the log.
  /// - Returns: the cursor to go on from; empty after the last.
  @discardableResult
  static func read<Element>(
    limit: Int?, cursor: String = "", goesOnWhenEmpty: Bool = false,
    page: (_ size: UInt32, _ cursor: String) async throws -> (elements: [Element], nextCursor: String),
    deliver: ([Element]) throws -> Void
  ) async throws -> String {
    var cursor = cursor
    var remaining = limit ?? Int.max
    while remaining > 0 {
      let (elements, nextCursor) = try await page(UInt32(min(remaining, maximumPage)), cursor)
      try deliver(elements)
      remaining -= elements.count
      // A cursor that does not go on would never end.
      if nextCursor.isEmpty || nextCursor == cursor || (elements.isEmpty && !goesOnWhenEmpty) { return nextCursor }
      cursor = nextCursor
    }
    return cursor
  }

  /// All elements of a list.
  static func all<Element>(
    page: (_ size: UInt32, _ cursor: String) async throws -> (elements: [Element], nextCursor: String)
  ) async throws -> [Element] {
    var all: [Element] = []
    try await read(limit: nil, page: page) { all += $0 }
    return all
  }
}

/// How much of a list is wanted.
struct PagingOptions: ParsableArguments {
  @Option(name: .shortAndLong, help: ArgumentHelp("At most so many, newest first.", valueName: "count"))
  var limit: Int = 50

  @Flag(help: "All of them, whatever the limit.")
  var all = false

  @Option(help: ArgumentHelp("Go on where another list ended.", valueName: "cursor"), transform: { try ArgumentValues.text($0) })
  var cursor: String?

  var effectiveLimit: Int? { all ? nil : limit }

  mutating func validate() throws {
    guard limit > 0 else { throw ValidationError("--limit must be 1 or more") }
  }
}
