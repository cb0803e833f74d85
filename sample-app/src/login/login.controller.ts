import { Body, Controller, Get, Header, Post, Query, Req, Res, UseGuards } from '@nestjs/common';
import type { Request, Response } from 'express';
import { AttemptLimit } from './attempt.limit.js';
import { localPath } from './local-path.js';
import { LOGIN_STYLE, PAGE_HEADERS, signedInPage, signInPage } from './login.page.js';
import { Password } from './password.js';
import { SameOriginGuard } from './same-origin.guard.js';
import { clearSessionCookie, sessionIdOf, setSessionCookie } from './session.cookie.js';
import { SessionStore } from './session.store.js';

const FIFTEEN_MINUTES = 15 * 60 * 1000;

@Controller()
export class LoginController {
  private readonly limit = new AttemptLimit({ byAddress: 5, byAll: 100 }, FIFTEEN_MINUTES);

  constructor(
    private readonly password: Password,
    private readonly sessions: SessionStore,
  ) {}

  @Get('login')
  page(@Req() request: Request, @Res() response: Response, @Query('to') to: unknown): void {
    const isSignedIn = this.sessions.isOpen(sessionIdOf(request));
    response.set(PAGE_HEADERS).send(isSignedIn ? signedInPage() : signInPage({ to: localPath(to) }));
  }

  @Get('login/style.css')
  @Header('Content-Type', 'text/css; charset=utf-8')
  style(): string {
    return LOGIN_STYLE;
  }

  @Post('login')
  @UseGuards(SameOriginGuard)
  async signIn(
    @Req() request: Request,
    @Res() response: Response,
    @Body() form: Record<string, unknown> | undefined,
  ): Promise<void> {
    const address = request.ip ?? '';
    const to = localPath(form?.to);
    const refuse = (status: number, problem: string) =>
      response.status(status).set(PAGE_HEADERS).send(signInPage({ to, problem }));

    if (!this.limit.take(address)) {
      refuse(429, 'There were too many attempts. Wait a quarter of an hour.');
      return;
    }
    const given = form?.password;
    if (typeof given !== 'string' || given.length > 1000 || !(await this.password.matches(given))) {
      refuse(401, 'That is not the password.');
      return;
    }
    this.limit.forgive(address);
    this.sessions.end(sessionIdOf(request));
    setSessionCookie(response, this.sessions.begin()); // a new id at each login, so that no earlier one is valid
    response.redirect(303, to);
  }

  @Post('logout')
  @UseGuards(SameOriginGuard)
  signOut(@Req() request: Request, @Res() response: Response): void {
    this.sessions.end(sessionIdOf(request));
    clearSessionCookie(response);
    response.redirect(303, '/login');
  }
}
