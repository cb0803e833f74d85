import { type DynamicModule, Module } from '@nestjs/common';
import { APP_FILTER } from '@nestjs/core';
import { LoginController } from './login.controller.js';
import { Password } from './password.js';
import { IS_PUBLIC } from './reader.guard.js';
import { SessionStore } from './session.store.js';
import { SignInFilter } from './sign-in.filter.js';

export interface LoginOptions {
  /** the owner's */
  password: string;
  /** whether those who are not signed in may read, too */
  isPublic: boolean;
}

/** A login with one password. Modules whose routes it guards import it: OwnerGuard and ReaderGuard inject its exports. */
@Module({})
export class LoginModule {
  static forRoot({ password, isPublic }: LoginOptions): DynamicModule {
    return {
      module: LoginModule,
      controllers: [LoginController],
      providers: [
        { provide: IS_PUBLIC, useValue: isPublic },
        { provide: Password, useFactory: () => Password.of(password) },
        { provide: APP_FILTER, useClass: SignInFilter },
        SessionStore,
      ],
      exports: [IS_PUBLIC, SessionStore],
    };
  }
}
