/// Elements of a list, and where it goes on.
struct ListPage<Element> {
  var elements: [Element] = []
  /// Empty after the last one.
  var nextCursor = ""
}

extension PagingOptions {
  /// Reads as much of a list as is wanted.
  ///
  /// - Parameter page: asks the control plane for one page.
  func read<Element>(
    _ page: (_ size: UInt32, _ cursor: String) async throws -> (elements: [Element], nextCursor: String)
  ) async throws -> ListPage<Element> {
    var list = ListPage<Element>()
    list.nextCursor = try await Paging.read(limit: effectiveLimit, cursor: cursor ?? "", page: page) { list.elements += $0 }
    return list
  }
}

extension Screen {
  /// Writes a list: for scripts an object with the elements under its name and `next_cursor`, for people a table and how to go on.
  ///
  /// - Parameter name: in the plural, as "chats".
  func print<Element>(
    _ list: ListPage<Element>, named name: String, json: (Element) -> JSONValue, table: ([Element]) -> Table
  ) throws {
    guard format == .table else {
      return try print([name: .array(list.elements.map(json)), "next_cursor": .textOrNull(list.nextCursor)])
    }
    if list.elements.isEmpty { try print("no \(name) match") } else { try print(table(list.elements)) }
    if !list.nextCursor.isEmpty { remark("more: add --cursor \(TerminalText.escaped(list.nextCursor))") }
  }
}
