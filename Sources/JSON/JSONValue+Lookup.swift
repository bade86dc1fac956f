extension JSONValue {
  /// The element at a position; negative positions count from the end. `nil` out of range or for another type.
  package subscript(position: Int) -> JSONValue? {
    guard kind == .array else { return nil }
    let wanted = position < 0 ? count + position : position
    guard wanted >= 0, wanted < count else { return nil }
    var element = JSONValue(tape: tape, index: index + 1)
    for _ in 0..<wanted { element = JSONValue(tape: tape, index: element.next) }
    return element
  }

  /// The last member of that name; `nil` if there is none or for another type.
  package subscript(name: [UInt8]) -> JSONValue? { members(named: name).last }

  /// The last member of that name; `nil` if there is none or for another type.
  package subscript(name: String) -> JSONValue? { self[Array(name.utf8)] }

  /// The last member of that name, and how many have it.
  package func members(named name: [UInt8]) -> (last: JSONValue?, count: Int) {
    guard kind == .object else { return (nil, 0) }
    var last: JSONValue?
    var found = 0
    for (key, value) in members where key.equals(name) {
      last = value
      found += 1
    }
    return (last, found)
  }

  /// The elements of an array in order; empty for another type.
  package var elements: JSONElements { JSONElements(self) }

  /// The members of an object in order, names that occur twice included; empty for another type.
  package var members: JSONMembers { JSONMembers(self) }
}

/// The elements of an array.
package struct JSONElements: Sequence, IteratorProtocol, Sendable {
  private var remaining: Int
  private var current: JSONValue

  fileprivate init(_ array: JSONValue) {
    remaining = array.kind == .array ? array.count : 0
    current = JSONValue(tape: array.tape, index: array.index + 1)
  }

  /// The next element.
  package mutating func next() -> JSONValue? {
    guard remaining > 0 else { return nil }
    remaining -= 1
    let element = current
    current = JSONValue(tape: element.tape, index: element.next)
    return element
  }
}

/// The members of an object.
package struct JSONMembers: Sequence, IteratorProtocol, Sendable {
  private var remaining: Int
  private var current: JSONValue

  fileprivate init(_ object: JSONValue) {
    remaining = object.kind == .object ? object.count : 0
    current = JSONValue(tape: object.tape, index: object.index + 1)
  }

  /// The next member; `key` is a string.
  package mutating func next() -> (key: JSONValue, value: JSONValue)? {
    guard remaining > 0 else { return nil }
    remaining -= 1
    let key = current
    let value = JSONValue(tape: key.tape, index: key.index + 1)
    current = JSONValue(tape: key.tape, index: value.next)
    return (key, value)
  }
}
