import Client
import Glibc

exit(await HeadgateProgram.run(Array(CommandLine.arguments.dropFirst())))
