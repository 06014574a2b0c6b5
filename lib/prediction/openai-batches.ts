/** A text to be sent, and the row that its vector goes to. */
export interface SentText {
  readonly row: number;
  readonly text: string;
  /** Of UTF-8, in the text as it is sent. */
  readonly bytes: number;
}

/** What an endpoint takes. */
export interface EndpointLimits {
  readonly texts: number;
  readonly tokensPerText: number;
  readonly tokensPerRequest: number;
}

// Nobody but the endpoint can count its tokens. Tokenizers make 3 to 5 bytes of UTF-8 a token in most languages and in code, 1
// at the least, and hardly ever more than 8.
const FEW_BYTES_PER_TOKEN = 3;
const USUAL_BYTES_PER_TOKEN = 4;
const MANY_BYTES_PER_TOKEN = 8;

/** A text of no more than this is not refused for its length. */
const SHORT_BYTES = 256;

export function sentText(row: number, text: string): SentText {
  return { row, text, bytes: Buffer.byteLength(text) };
}

/** Whether the endpoint is sure to refuse it: it need not be asked. */
export function isSurelyTooLong({ bytes }: SentText, { tokensPerText }: EndpointLimits): boolean {
  return bytes > tokensPerText * MANY_BYTES_PER_TOKEN;
}

/**
 * Requests of whole texts within the limits, as far as one can tell, in their order. A text that may be too long goes by
 * itself, so that its refusal is that of no other.
 */
export function packed(texts: readonly SentText[], limits: EndpointLimits): SentText[][] {
  const requests: SentText[][] = [];
  let open: SentText[] = [];
  let tokens = 0;
  for (const text of texts) {
    const most = Math.ceil(text.bytes / FEW_BYTES_PER_TOKEN);
    if (most > limits.tokensPerText) {
      requests.push([text]);
      continue;
    }
    if (open.length === limits.texts || (open.length > 0 && tokens + most > limits.tokensPerRequest)) {
      requests.push(open);
      [open, tokens] = [[], 0];
    }
    open.push(text);
    tokens += most;
  }
  if (open.length > 0) requests.push(open);
  return requests;
}

/** The text cut to what usually fits, or to half where it was no longer than that; undefined for one that is short. */
export function shortened(sent: SentText, { tokensPerText }: EndpointLimits): SentText | undefined {
  if (sent.bytes <= SHORT_BYTES) return undefined;
  const usual = tokensPerText * USUAL_BYTES_PER_TOKEN;
  return cut(sent, sent.bytes > usual ? usual : sent.bytes >> 1);
}

/** The beginning and the end of a text, a half of the bytes each, with a line feed between: a question may stand before or after what it is about. */
function cut({ row, text }: SentText, bytes: number): SentText {
  const encoded = Buffer.from(text);
  const half = (bytes - 1) >> 1;
  let head = half;
  while (head > 0 && isContinuation(encoded[head])) head--;
  let tail = encoded.length - half;
  while (tail < encoded.length && isContinuation(encoded[tail])) tail++;
  return sentText(row, `${encoded.toString("utf8", 0, head)}\n${encoded.toString("utf8", tail)}`);
}

/** Whether a byte of UTF-8 is not the first of its character. */
function isContinuation(byte: number | undefined): boolean {
  return byte !== undefined && (byte & 0xc0) === 0x80;
}
