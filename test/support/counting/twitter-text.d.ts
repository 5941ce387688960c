/** The parts of twitter-text that tests use; the package has no types of its own. */
declare module 'twitter-text' {
  const twitter: {
    parseTweet(text: string): { weightedLength: number; valid: boolean };
  };
  export = twitter;
}
declare module 'twitter-text/dist/regexp/validCCTLD.js' {
  const expression: RegExp;
  export = expression;
}
declare module 'twitter-text/dist/regexp/validGTLD.js' {
  const expression: RegExp;
  export = expression;
}
