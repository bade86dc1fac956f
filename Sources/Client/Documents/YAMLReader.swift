import Yams

/// Reads YAML documents into values that JSON can carry, without changing what was written.
///
/// Scalars follow one rule: a plain scalar is a number exactly when it is a number in JSON, and `true`, `false`, `null`
/// and `~` are what YAML 1.2's core schema says (https://yaml.org/spec/1.2.2/#1032-tag-resolution). Everything else is
/// text as it stands: `0123`, `+5511999`, `yes`, `1_000`, `12:30`, `2026-01-02`, `0x1f`, `.inf`. An explicit tag (`!!str 12`)
/// decides over that.
package enum YAMLReader {
  /// Values of one document after aliases were followed; more is refused, so that aliases cannot multiply.
  package static let maximumValues = 100_000

  /// Collections within each other.
  package static let maximumDepth = 128

  /// The documents of a text, empty ones left out.
  ///
  /// - Throws: the first fault, with its position where the parser knows one.
  package static func documents(in text: String) throws(DocumentError) -> [LocatedValue] {
    var documents: [LocatedValue] = []
    do {
      // The basic resolver leaves every untagged scalar a string; the rule above is ours.
      let parser = try Parser(yaml: text.hasPrefix("\u{feff}") ? String(text.dropFirst()) : text, resolver: .basic)
      while let root = try parser.nextRoot() {
        var conversion = Conversion()
        let value = try conversion.value(of: root, depth: 0)
        if value.content != .null { documents.append(value) }
      }
    } catch let error as DocumentError {
      throw error
    } catch let error as YamlError {
      throw DocumentError(error, in: text)
    } catch {
      throw DocumentError("cannot be read as YAML", at: nil)
    }
    return documents
  }
}

private struct Conversion {
  private var count = 0

  mutating func value(of node: Node, depth: Int) throws(DocumentError) -> LocatedValue {
    let position = SourcePosition(node.mark)
    count += 1
    guard count <= YAMLReader.maximumValues else {
      throw DocumentError("more than \(YAMLReader.maximumValues) values (aliases are counted each time)", at: position)
    }
    guard depth < YAMLReader.maximumDepth else {
      throw DocumentError("nested deeper than \(YAMLReader.maximumDepth) levels", at: position)
    }
    switch node {
    case .scalar(let scalar):
      return LocatedValue(try Self.content(of: scalar, at: position), at: position)
    case .sequence(let sequence):
      try Self.check(sequence.tag, is: .seq, at: position)
      var elements: [LocatedValue] = []
      for element in sequence { elements.append(try value(of: element, depth: depth + 1)) }
      return LocatedValue(.array(elements), at: position)
    case .mapping(let mapping):
      try Self.check(mapping.tag, is: .map, at: position)
      return LocatedValue(.object(try members(of: mapping, depth: depth)), at: position)
    case .alias:
      throw DocumentError("an alias to something that is not there", at: position)
    }
  }

  private mutating func members(of mapping: Node.Mapping, depth: Int) throws(DocumentError) -> [LocatedValue.Member] {
    var members: [LocatedValue.Member] = []
    var merged: [LocatedValue.Member] = []
    for (key, node) in mapping {
      let position = SourcePosition(key.mark)
      guard case .scalar(let scalar) = key else { throw DocumentError("a name must be text", at: position) }
      let value = try value(of: node, depth: depth + 1)
      if scalar.string == "<<", scalar.style == .plain {
        merged += try Self.merged(value)
      } else if members.contains(where: { $0.name == scalar.string }) {
        throw DocumentError("the name \"\(scalar.string)\" occurs twice", at: position)
      } else {
        members.append(LocatedValue.Member(name: scalar.string, namePosition: position, value: value))
      }
    }
    // What is written in the mapping itself wins, then the mapping merged first (https://yaml.org/type/merge.html).
    for member in merged where !members.contains(where: { $0.name == member.name }) { members.append(member) }
    return members
  }

  private static func merged(_ value: LocatedValue) throws(DocumentError) -> [LocatedValue.Member] {
    switch value.content {
    case .object(let members): return members
    case .array(let elements):
      var members: [LocatedValue.Member] = []
      for element in elements {
        guard case .object(let more) = element.content else {
          throw DocumentError("\"<<\" merges mappings only", at: element.position)
        }
        members += more
      }
      return members
    default: throw DocumentError("\"<<\" merges mappings only", at: value.position)
    }
  }

  private static func check(_ tag: Tag, is expected: Tag.Name, at position: SourcePosition?) throws(DocumentError) {
    let name = tag.rawValue
    guard name.isEmpty || name == "!" || name == expected.rawValue else {
      throw DocumentError("the tag \(name) is not supported", at: position)
    }
  }

  private static func content(
    of scalar: Node.Scalar, at position: SourcePosition?
  ) throws(DocumentError) -> LocatedValue.Content {
    let text = scalar.string
    let content: LocatedValue.Content?
    switch scalar.tag.rawValue {
    case "": return scalar.style == .plain ? plain(text) : .string(text)
    case "!", Tag.Name.str.rawValue: return .string(text)
    case Tag.Name.int.rawValue:
      content = JSONValue.isNumber(text) && !text.contains { ".eE".contains($0) } ? .number(text) : nil
    case Tag.Name.float.rawValue: content = JSONValue.isNumber(text) ? .number(text) : nil
    case Tag.Name.bool.rawValue: content = bool(text).map { .bool($0) }
    case Tag.Name.null.rawValue: content = isNull(text) ? .null : nil
    default: throw DocumentError("the tag \(scalar.tag.rawValue) is not supported", at: position)
    }
    guard let content else {
      throw DocumentError("\"\(text)\" is not what its tag \(scalar.tag.rawValue) says", at: position)
    }
    return content
  }

  private static func plain(_ text: String) -> LocatedValue.Content {
    if isNull(text) { return .null }
    if let value = bool(text) { return .bool(value) }
    return JSONValue.isNumber(text) ? .number(text) : .string(text)
  }

  private static func isNull(_ text: String) -> Bool { ["", "~", "null", "Null", "NULL"].contains(text) }

  private static func bool(_ text: String) -> Bool? {
    switch text {
    case "true", "True", "TRUE": true
    case "false", "False", "FALSE": false
    default: nil
    }
  }
}

extension SourcePosition {
  /// The parser gives every node that it read a mark.
  fileprivate init(_ mark: Mark?) { self.init(line: mark?.line ?? 1, column: mark?.column ?? 1) }
}

extension DocumentError {
  fileprivate init(_ error: YamlError, in text: String) {
    switch error {
    case .scanner(let context, let problem, let mark, _), .parser(let context, let problem, let mark, _),
      .composer(let context, let problem, let mark, _):
      let circumstance = context.map { "\($0.text) (from \($0.mark.line):\($0.mark.column)), " } ?? ""
      self.init(circumstance + problem, at: SourcePosition(mark))
    case .reader(let problem, let offset, let value, _):
      let place = offset.map { offset in
        let before = text.utf8.prefix(offset)
        let line = before.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        return SourcePosition(line: line.count, column: Substring(line.last ?? before).unicodeScalars.count + 1)
      }
      self.init(value >= 0 ? "\(problem): U+\(String(value, radix: 16, uppercase: true))" : problem, at: place)
    case .duplicatedKeysInMapping(let names, let context):
      self.init("the name \"\(names.first ?? "")\" occurs twice", at: SourcePosition(context.mark))
    default: self.init("cannot be read as YAML", at: nil)
    }
  }
}
