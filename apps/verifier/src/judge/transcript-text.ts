const ENTITIES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', '#39': "'" };

/**
 * `transcript.html` as plain text. It was made by the rules of the bundle format, and the verifier has made it again and
 * compared; this takes its markup off, so that no page of a stranger is ever shown as a page.
 */
export function textOfTranscript(html: string): string {
  const body = html.slice(html.indexOf('<body>') + '<body>'.length);
  return (
    body
      // Invisible characters stand there by number; what the transcript frames stands in brackets here.
      .replaceAll(/<i>(U\+[0-9A-F]+)<\/i>/g, '[$1]')
      .replaceAll('<article', '\n<article')
      .replaceAll('<section', '\n<section')
      .replaceAll(/<\/time>|<\/p>(?!\n)|<\/pre>/g, '\n')
      .replaceAll(/<[^>]*>/g, '')
      .replaceAll(/&(amp|lt|gt|quot|#39);/g, (_, name: string) => ENTITIES[name] ?? '')
      .replaceAll(/\n{3,}/g, '\n\n')
      .trim()
  );
}
