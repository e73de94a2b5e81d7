import { Anchor, Button, type AnchorProps, type ButtonProps } from "@mantine/core";
import { createLink } from "@tanstack/react-router";
import { forwardRef, type AnchorHTMLAttributes } from "react";

const Plain = forwardRef<HTMLAnchorElement, AnchorProps & Omit<AnchorHTMLAttributes<HTMLAnchorElement>, keyof AnchorProps>>(
  function Plain(props, ref) {
    return <Anchor ref={ref} {...props} />;
  },
);
const Pressed = forwardRef<HTMLAnchorElement, ButtonProps & Omit<AnchorHTMLAttributes<HTMLAnchorElement>, keyof ButtonProps>>(
  function Pressed(props, ref) {
    return <Button component="a" ref={ref} {...props} />;
  },
);

/** A link to another page of ours. */
export const Link = createLink(Plain);

/** The same, looking like a button. */
export const ButtonLink = createLink(Pressed);
