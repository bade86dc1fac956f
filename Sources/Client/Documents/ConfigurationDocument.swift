package import HeadgateProto

/// One document of a configuration file, with the places of its fields.
package struct ConfigurationDocument: Sendable {
  package var value: LocatedValue
  /// As the user gave it; "-" for the standard input.
  package var file: String

  package init(value: LocatedValue, file: String) {
    self.value = value
    self.file = file
  }

  /// The documents of a file in YAML or JSON, at least one.
  ///
  /// A name that ends in ".json" means JSON, one in ".yaml" or ".yml" YAML; anything else is JSON when it begins like an
  /// object of JSON and YAML otherwise.
  package static func read(_ bytes: [UInt8], file: String) throws(CommandFailure) -> [ConfigurationDocument] {
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw CommandFailure(.invalid, "\(file) is not UTF-8 text")
    }
    let values: [LocatedValue]
    do {
      values =
        isJSON(text, file: file)
        ? [try JSONReader.read(text.utf8, duplicateNames: .refused)] : try YAMLReader.documents(in: text)
    } catch {
      let fault = Fault(path: "", code: "", message: error.message)
      let place = error.position.map { "\(file):\($0)" } ?? file
      throw CommandFailure(.invalid, "\(file) cannot be read", faults: [PlacedFault(fault, place: place)])
    }
    guard !values.isEmpty else { throw CommandFailure(.invalid, "\(file == "-" ? "the standard input" : file) is empty") }
    return values.map { ConfigurationDocument(value: $0, file: file) }
  }

  private static func isJSON(_ text: String, file: String) -> Bool {
    let name = file.lowercased()
    if name.hasSuffix(".json") { return true }
    if name.hasSuffix(".yaml") || name.hasSuffix(".yml") { return false }
    let start = text.drop { $0.isWhitespace || $0 == "\u{feff}" }
    guard start.first == "{" else { return false }
    let inner = start.dropFirst().drop { $0.isWhitespace }
    return inner.first == "\"" || inner.first == "}"
  }

  /// The fault with its place in the file.
  package func placed(_ fault: Fault) -> PlacedFault {
    let position = value.position(of: FieldPath(fault.path), ofName: fault.code == "unknown_field")
    return PlacedFault(fault, place: "\(file):\(position)")
  }

  /// A refused request with the faults' places in the file; any other error as it is.
  package func placing(_ error: RPCError, settings: ConnectionSettings? = nil) -> CommandFailure {
    var failure = CommandFailure(error, settings: settings)
    failure.faults = error.faults.map(placed)
    return failure
  }
}
