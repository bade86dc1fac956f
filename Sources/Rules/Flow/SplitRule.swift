internal import JSON

/// Where a body is split: `split` of the flow file. One run for each element of the lists.
package enum SplitRule: Hashable, Sendable {
  /// At the lists of the preset's provider.
  case preset
  /// At these, one after the other; those that are not there are passed over.
  case lists([SplitPath])

  /// The most paths.
  package static let maximumPaths = 8

  /// Reads `split: body.items`, `split: [body.entry[].changes, body.entry[].messaging]` or `split: preset`.
  ///
  /// - Parameter preset: What a preset would be; `nil`: it is known only where the trigger's owner is.
  static func parse(
    _ fields: FieldReader, preset: [SplitPath]??, faults: inout [ConfigurationFault]
  ) -> SplitRule? {
    guard let value = fields.value("split") else { return nil }
    guard value.kind == .array else {
      guard let text = fields.string("split", required: true, faults: &faults) else { return nil }
      if text == "preset" {
        if case .some(.none) = preset {
          let message = "The trigger's preset sends no lists, or there is no preset; name a path: body.items."
          faults.append(fields.fault("split", .unknownReference, message))
        }
        return .preset
      }
      return path(text, at: fields.path("split"), &faults).map { .lists([$0]) }
    }
    var paths: [SplitPath] = []
    for (element, at) in fields.elements("split", limit: maximumPaths, faults: &faults) {
      guard let text = element.string else {
        faults.append(ConfigurationFault(at, .wrongType, "A path is expected, not \(FieldReader.typeName(element))."))
        continue
      }
      guard let path = path(text, at: at, &faults) else { continue }
      if paths.contains(path) {
        faults.append(ConfigurationFault(at, .duplicate, "\(path.text) is in the list already."))
      }
      paths.append(path)
    }
    if value.count == 0 { faults.append(fields.fault("split", .required, "At least one path is needed.")) }
    return paths.isEmpty ? nil : .lists(paths)
  }

  private static func path(_ text: String, at path: String, _ faults: inout [ConfigurationFault]) -> SplitPath? {
    do throws(PathSyntaxError) {
      return try SplitPath(text)
    } catch {
      faults.append(ConfigurationFault(path, .invalidValue, "\(Spelling.quoted(text)), \(error)"))
      return nil
    }
  }

  func writeCanonical(to writer: inout JSONWriter) {
    switch self {
    case .preset: writer.string("preset")
    case .lists(let paths) where paths.count == 1: writer.string(paths[0].text)
    case .lists(let paths):
      writer.beginArray()
      for path in paths { writer.string(path.text) }
      writer.endArray()
    }
  }

  /// The paths at a URL with this authentication; `nil`: its preset names none.
  func paths(of owner: AuthenticationRule) -> [SplitPath]? {
    switch self {
    case .preset: owner.preset?.split
    case .lists(let paths): paths
    }
  }
}
