/// A payload path taken apart, for showing it as a tree: `body.items[0]["odd name"]` is body, items, [0], odd name.
package enum PathSteps {
  /// The steps; the text as one step when it is no path.
  package static func of(_ path: String) -> [String] {
    var steps: [String] = []
    var rest = Substring(path)
    let root = rest.prefix { $0 != "." && $0 != "[" }
    steps.append(String(root))
    rest = rest[root.endIndex...]
    while let first = rest.first {
      rest = rest.dropFirst()
      if first == "." {
        let name = rest.prefix { $0 != "." && $0 != "[" }
        steps.append(String(name))
        rest = rest[name.endIndex...]
      } else if first == "[", rest.first == "\"" {
        guard let (name, after) = quoted(rest.dropFirst()), after.first == "]" else { return [path] }
        steps.append(name)
        rest = after.dropFirst()
      } else if first == "[", let end = rest.firstIndex(of: "]") {
        steps.append("[\(rest[..<end])]")
        rest = rest[rest.index(after: end)...]
      } else {
        return [path]
      }
    }
    return steps
  }

  private static func quoted(_ text: Substring) -> (String, Substring)? {
    var name = ""
    var rest = text
    while let character = rest.first {
      rest = rest.dropFirst()
      switch character {
      case "\"": return (name, rest)
      case "\\":
        guard let escaped = rest.first else { return nil }
        name.append(escaped)
        rest = rest.dropFirst()
      default: name.append(character)
      }
    }
    return nil
  }
}
