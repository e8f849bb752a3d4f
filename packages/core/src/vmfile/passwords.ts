/** The text with asterisks for the passwords of URLs in it, as long as before. */
export function hidePasswords(text: string): string {
  return text.replace(
    /(:\/\/[^\s/"@:]*:)([^\s/"@]+)(?=@)/g,
    (_, user: string, password: string) => user + '*'.repeat(password.length),
  );
}
