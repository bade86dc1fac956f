import Foundation

do {
  try generate(Array(CommandLine.arguments.dropFirst()))
} catch {
  FileHandle.standardError.write(Data("generate-proto: \(error)\n".utf8))
  exit(1)
}
