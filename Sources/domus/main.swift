import Commands

await EntryPoint.run(CommandLine.arguments)
