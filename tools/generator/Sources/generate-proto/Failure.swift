/// Why nothing was generated. The text names the place in the proto files.
struct Failure: Error, CustomStringConvertible {
  let description: String

  init(_ description: String) { self.description = description }
}
