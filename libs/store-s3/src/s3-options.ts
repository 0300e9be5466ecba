/** How to reach an S3 endpoint. */
export interface S3Connection {
  /** Absent: AWS itself. */
  readonly endpoint?: string;
  readonly region: string;
  /** Absent: the credential chain of the SDK (instance role, web identity, profile). */
  readonly credentials?: { readonly accessKeyId: string; readonly secretAccessKey: string; readonly sessionToken?: string };
  /** `endpoint/bucket/key` instead of `bucket.endpoint/key`; what servers of one's own want. */
  readonly forcePathStyle?: boolean;
  /** Sockets kept open, and so requests in flight; default 64. */
  readonly maxSockets?: number;
  /** Default 5,000. */
  readonly connectTimeoutMs?: number;
  /** A socket that is silent for so long is given up; default 30,000. */
  readonly socketTimeoutMs?: number;
  /** A request that takes longer in all is given up; default 120,000. */
  readonly requestTimeoutMs?: number;
  /** How often a request is sent before a transient fault is reported; default 6. Claims are sent once. */
  readonly attempts?: number;
  /** First pause between attempts; doubles up to 5 s, half of it random; default 100. */
  readonly firstDelayMs?: number;
}

export interface S3StoreOptions extends S3Connection {
  readonly bucket: string;
  /** Rows a page of listings; default 1,000, which is also the most that servers give. */
  readonly pageSize?: number;
}
